"""The HTML pages of the hub."""
