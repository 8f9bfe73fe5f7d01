"""A hub that fetches from another one what is absent here."""
