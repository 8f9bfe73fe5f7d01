"""The archive of a version: a deterministic tar.gz with an index, and readers for untrusted archives."""
