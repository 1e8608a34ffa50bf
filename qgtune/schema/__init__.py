"""Pydantic models of the files that qgtune reads and writes."""
