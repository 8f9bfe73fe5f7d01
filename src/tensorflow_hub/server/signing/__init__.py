"""Signing on the hub: keys of publishers, and checks of signatures before they are kept."""
