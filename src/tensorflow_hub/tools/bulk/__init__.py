"""Applying a module to millions of texts or images."""
