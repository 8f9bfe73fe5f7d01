"""Signing in at an OpenID Connect provider: the protocol, and the user for the claims of the provider."""
