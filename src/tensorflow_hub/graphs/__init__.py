"""A graph of TensorFlow 1 read once: its nodes, subgraphs, signatures, state, assets and variables."""
