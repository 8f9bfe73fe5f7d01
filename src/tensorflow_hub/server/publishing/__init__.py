"""Publishing: turns an upload into a visible version, in a list of named steps."""
