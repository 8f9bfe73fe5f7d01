"""Stored graphs of TensorFlow 1: their nodes, subgraphs, signatures, state, assets and variables."""
