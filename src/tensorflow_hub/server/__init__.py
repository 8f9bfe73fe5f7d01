"""The hub: pages and downloads at the same URLs."""
