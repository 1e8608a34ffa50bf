"""What the exported schemas are called."""

SCHEMA_VERSION = "1"
"""Raised when a file that a schema accepted is no longer accepted."""


def identity(name: str) -> dict[str, str]:
    """Return the name and version that a schema carries.

    Example:
        >>> identity("search-space")
        {'$id': 'urn:qgtune:search-space:1', 'x-version': '1'}
    """
    return {"$id": f"urn:qgtune:{name}:{SCHEMA_VERSION}", "x-version": SCHEMA_VERSION}
