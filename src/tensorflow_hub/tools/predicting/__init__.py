"""A process that loads one stored module and answers requests, in a sandbox; the hub starts it."""
