"""What is inside a version: its files, ops, variables and graph, read from the stored archive in parts."""
