"""Where modules lie on this machine: layout, manifests, leases, staging, inventory, bundles."""
