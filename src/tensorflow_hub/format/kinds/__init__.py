"""The kinds of deployments: one file each, and the table of them."""
