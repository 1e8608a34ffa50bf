"""Paths into a config: one value, one spelling in what we show, every spelling in what we read.

A path is a tuple of mapping keys (str) and list indices (int), for example
``("model", "gcn_net", 0, "out_dim")``. It is shown as ``model.gcn_net[0].out_dim`` and named in a
study as ``model.gcn_net.0.out_dim``, which is how QGTune named its parameters.
"""

import re

Path = tuple[str | int, ...]

ROOT: Path = ()

EVERY = "[*]"
"""The part of a path that stands for every item of a list."""

_PLAIN_KEY = re.compile(r"[^\W\d][\w\-]*\Z")
_TOKEN = re.compile(
    r"""
    \[\s*(?P<index>-?\d{1,18})\s*\]       # [0] or [-1]
    | \[\s*(?P<every>\*)\s*\]                # [*]
    | \[\s*"(?P<quoted>(?:[^"\\]|\\.)*)"\s*\]  # ["any key"]
    | (?P<dot>\.)
    | (?P<word>[^.\[\]"\s](?:[^.\[\]"]*[^.\[\]"\s])?)
    """,
    re.VERBOSE,
)
_INTEGER = re.compile(r"-?\d{1,18}\Z")


class PathSyntaxError(ValueError):
    """A text that is not a path: says why, and at which character (0-based ``position``)."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(text, position, reason)
        self.text = text
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.text!r} is not a path: {self.reason} at character {self.position + 1}"


def parse_path(text: str) -> Path:
    """Return the path that ``text`` spells.

    Both spellings of an index are read: ``model.gcn_net[0].out_dim`` and ``model.gcn_net.0.out_dim``.
    A key that is not a plain word is written ``model["odd key"]``. Negative indices count from the end, and
    ``[*]`` stands for every item of a list.

    Args:
        text: the path as the user wrote it.

    Returns:
        A tuple of keys (str) and indices (int).

    Raises:
        PathSyntaxError: if the text is empty, or has an empty part, or a bracket that does not close.

    Example:
        >>> parse_path("model.nn.0.out_dim") == parse_path("model.nn[0].out_dim")
        True
    """
    parts: list[str | int] = []
    position = 0
    expects_part = True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise PathSyntaxError(text, position, f"unexpected {text[position]!r}")
        kind = match.lastgroup
        if kind == "dot":
            if expects_part:
                raise PathSyntaxError(text, position, "a part is missing before '.'")
            expects_part = True
        elif kind == "word":
            if not expects_part:
                raise PathSyntaxError(text, position, "a '.' is missing before the key")
            word = match["word"]
            parts.append(int(word) if _INTEGER.match(word) else word)
            expects_part = False
        else:
            if expects_part and parts:
                raise PathSyntaxError(text, position, "a part is missing before '['")
            parts.append(_bracketed(match))
            expects_part = False
        position = match.end()
    if expects_part:
        raise PathSyntaxError(text, len(text), "it ends too early" if text else "it is empty")
    return tuple(parts)


def _bracketed(match: re.Match[str]) -> str | int:
    if match.lastgroup == "index":
        return int(match["index"])
    return EVERY if match.lastgroup == "every" else re.sub(r"\\(.)", r"\1", match["quoted"], flags=re.DOTALL)


def format_path(path: Path) -> str:
    """Return the one spelling of ``path`` that qgtune shows, which ``parse_path`` reads back.

    Example:
        >>> format_path(("model", "gcn_net", 0, "out_dim"))
        'model.gcn_net[0].out_dim'
    """
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif part == EVERY:
            shown += EVERY
        elif _PLAIN_KEY.match(part):
            shown += f".{part}" if shown else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            shown += f'["{escaped}"]'
    return shown


def parameter_name(path: Path) -> str:
    """Return the name that the parameter at ``path`` has in a study, as QGTune formed it.

    Example:
        >>> parameter_name(("model", "gcn_net", 0, "out_dim"))
        'model.gcn_net.0.out_dim'
    """
    return ".".join(map(str, path))
