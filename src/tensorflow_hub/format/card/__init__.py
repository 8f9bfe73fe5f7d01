"""The card of a model: its syntax and rules, the fields with their known values, and the facets of search."""
