"""Metrics by name, of classes and of values."""
