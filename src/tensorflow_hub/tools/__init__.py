"""Retrain, apply in bulk, find neighbours."""
