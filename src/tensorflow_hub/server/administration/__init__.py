"""Tasks of administrators: backup, restore, checks, imports; and the removal of expired data."""
