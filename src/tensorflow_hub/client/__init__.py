"""Talk to a hub: publish, search, tokens."""
