"""Self-contained HTML pages: no script, style, font or picture from anywhere else."""
