"""Answers by models: processes that run them, apart from the hub and without its rights."""
