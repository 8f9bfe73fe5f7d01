"""Resolving: from a handle to a local directory, by the cache or a download."""
