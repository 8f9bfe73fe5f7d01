"""Feature columns of modules: they compute their values with a module."""
