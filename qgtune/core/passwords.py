"""Passwords in URLs, which nobody shall read over somebody's shoulder or in a log."""

import re
from urllib.parse import unquote

_PASSWORD = re.compile(r"(?<=://)([^\s/?#@:]*:)([^\s]*)(?=@)|([?&](?:password|passwd)=)([^&#\s]*)")


def without_passwords(text: str) -> str:
    """Return a text in which the password of every URL is ``***``.

    Example:
        >>> without_passwords("redis://:pa@ss@localhost/0?x=1")
        'redis://:***@localhost/0?x=1'
    """
    return _PASSWORD.sub(lambda match: f"{match[1] or match[3]}***", text)


def passwords_hidden(text: str) -> str:
    """Return a text of the same length in which every character of a URL's password is ``*``.

    Example:
        >>> passwords_hidden("storage: postgresql://me:secret@db/studies")
        'storage: postgresql://me:******@db/studies'
    """
    return _PASSWORD.sub(lambda match: f"{match[1] or match[3]}{'*' * len(match[2] or match[4] or '')}", text)


def password_of(url: str) -> str:
    """Return the password in a URL as the server knows it; empty if there is none."""
    match = _PASSWORD.search(url)
    return unquote(match[2] or match[4] or "") if match else ""
