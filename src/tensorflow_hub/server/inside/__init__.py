"""Shows the content of a version: files, ops, variables and graph, read in parts from the stored archive."""
