"""Outputs: the files that a run leaves, while it runs and afterwards, and studies for scripts."""
