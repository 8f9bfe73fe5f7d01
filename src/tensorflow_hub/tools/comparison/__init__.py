"""Compares modules that take the same inputs, on one dataset."""
