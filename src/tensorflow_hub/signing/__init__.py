"""Signatures of versions: keys (Ed25519), statements (in-toto) and envelopes (DSSE)."""
