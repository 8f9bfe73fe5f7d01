"""Train a classifier on the features of a module."""
