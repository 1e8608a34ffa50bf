"""What the exported schemas are called."""

SCHEMA_VERSION = "1"
"""Raised when a file that a schema accepted is no longer accepted."""
_VERSION = "x-version"


def identity(name: str) -> dict[str, str]:
    """Return the name and version that a schema carries.

    Example:
        >>> identity("search-space")
        {'$id': 'urn:qgtune:search-space:1', 'x-version': '1'}
    """
    return {"$id": f"urn:qgtune:{name}:{SCHEMA_VERSION}", _VERSION: SCHEMA_VERSION}


def is_ours(schema: object) -> bool:
    """Tell whether this is a schema that qgtune has written, of any version.

    Example:
        >>> is_ours({"x-version": "1", "type": "object"}), is_ours({"type": "object"})
        (True, False)
    """
    return isinstance(schema, dict) and _VERSION in schema
