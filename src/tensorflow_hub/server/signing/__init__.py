"""Signatures on the hub: the signing keys of publishers, and the verification of signatures of versions."""
