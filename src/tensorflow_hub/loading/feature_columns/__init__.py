"""Feature columns whose values a module computes."""
