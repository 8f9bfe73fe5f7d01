"""Finds texts or images that are similar to a given one."""
