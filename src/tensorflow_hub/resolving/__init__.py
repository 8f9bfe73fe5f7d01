"""Handle → local directory: ordered resolvers, download, cache."""
