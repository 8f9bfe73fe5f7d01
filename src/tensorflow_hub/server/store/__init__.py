"""The store of archives: its interface, and implementations for folders and buckets."""
