"""Code that all parts of the server use: the hub object, callers, rights, errors, limits, negotiation."""
