"""A module from any source → a hub, with its card and licence."""
