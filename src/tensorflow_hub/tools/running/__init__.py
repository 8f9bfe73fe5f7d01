"""Run a module once on a few inputs, to see what it does."""
