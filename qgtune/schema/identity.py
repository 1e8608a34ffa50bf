"""What the exported schemas are called."""

SCHEMA_VERSION = "1"
"""Raised when a file that a schema accepted is no longer accepted."""
_PREFIX = "urn:qgtune:"


def identity(name: str) -> dict[str, str]:
    """Return the name and version that a schema carries.

    Example:
        >>> identity("search-space")
        {'$id': 'urn:qgtune:search-space:1', 'x-version': '1'}
    """
    return {"$id": f"{_PREFIX}{name}:{SCHEMA_VERSION}", "x-version": SCHEMA_VERSION}


def is_ours(name: object) -> bool:
    """Tell whether the name that a schema carries is one that ``identity`` gives, of any version.

    Example:
        >>> is_ours("urn:qgtune:tuning:1"), is_ours("https://example.org/schema")
        (True, False)
    """
    return isinstance(name, str) and name.startswith(_PREFIX)
