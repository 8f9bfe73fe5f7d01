"""Copying modules from any source to a hub, with their cards and licences."""
