"""Handle → local directory: ordered ways of getting there, downloads, and the cache."""
