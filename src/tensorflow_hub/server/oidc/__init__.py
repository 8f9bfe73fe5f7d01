"""Sign in at an OpenID Connect provider: the flow, and whom the provider tells of."""
