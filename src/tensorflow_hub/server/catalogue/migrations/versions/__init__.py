"""The migrations, one file for each, in the order of their names."""
