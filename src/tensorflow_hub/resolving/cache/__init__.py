"""The cache of modules on this machine: layout, manifests, leases, staging, inventory, bundles."""
