"""HTML reports, each one file: no script, style, font or picture from another place."""
