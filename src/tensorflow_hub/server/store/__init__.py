"""Where archives lie: an interface and its backends."""
