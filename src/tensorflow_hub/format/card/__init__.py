"""Model cards: their syntax and rules, their fields with known values, and the facets of search."""
