"""Swap modules of one interface on one dataset and see what changes."""
