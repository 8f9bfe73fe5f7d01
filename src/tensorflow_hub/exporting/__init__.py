"""Exporting: from an author's graph or object to a module directory."""
