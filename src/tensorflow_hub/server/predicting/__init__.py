"""Runs models on the hub, in separate processes without the rights of the hub."""
