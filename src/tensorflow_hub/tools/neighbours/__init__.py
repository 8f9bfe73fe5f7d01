"""Find texts or images like a given one."""
