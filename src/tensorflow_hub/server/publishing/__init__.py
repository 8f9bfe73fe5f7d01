"""Upload → visible version, as a list of named steps."""
