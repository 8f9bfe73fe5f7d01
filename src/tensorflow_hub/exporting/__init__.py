"""Exporting: writing an author's graph or object as a module directory."""
