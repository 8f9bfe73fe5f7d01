"""Author's graph → module directory."""
