"""Talking to hubs over HTTP: sessions, credentials, retries, answers turned into errors."""
