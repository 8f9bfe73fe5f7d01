"""The archive of a version: a deterministic tar.gz and its index, and readers that trust no byte."""
