"""The client of a hub's API: publishing, search, tokens, members, signatures, measurements and webhooks."""
