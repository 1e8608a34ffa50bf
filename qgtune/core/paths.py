"""Paths into a config: one value, one spelling in what we show, every spelling in what we read.

A path is a tuple of mapping keys (str) and list indices (int), for example
``("model", "gcn_net", 0, "out_dim")``. It is shown as ``model.gcn_net[0].out_dim`` and named in a
study as ``model.gcn_net.0.out_dim``, which is how QGTune named its parameters. A part that stands for several
items of a list is a str in brackets: ``"[*]"``, or a slice such as ``"[1:]"`` in its one spelling.
"""

import re
from functools import lru_cache

Path = tuple[str | int, ...]

ROOT: Path = ()

EVERY = "[*]"
"""The part of a path that stands for every item of a list."""

MAX_REMEMBERED = 10_000
"""Keys whose spelling is remembered."""

_NUMBER = r"[-+]?\d{1,18}"
# The one spelling of each slice: no blanks, no sign or zero that changes nothing, no step of 1.
_SLICE = re.compile(r"\[(0|-?[1-9][0-9]{0,17})?:(0|-?[1-9][0-9]{0,17})?(?::(-?[1-9][0-9]{0,17}))?\]\Z")
_PLAIN_KEY = re.compile(r"[^\W\d][\w\-]*\Z")
# What most paths look like; they are read without looking at each token.
_PLAIN_PATH = re.compile(r"[^\W\d][\w\-]*(?:\.[^\W\d][\w\-]*|\.-?[0-9]{1,18}|\[-?[0-9]{1,18}\])*\Z")
_INDEX_START = frozenset("-0123456789")
_TOKEN = re.compile(
    rf"""
    \[\s*(?P<index>-?\d{{1,18}})\s*\]       # [0] or [-1]
    | \[\s*(?P<every>\*)\s*\]                # [*]
    | (?P<slice>\[\s*(?P<start>{_NUMBER})?\s*:\s*(?P<stop>{_NUMBER})?\s*(?::\s*(?P<step>{_NUMBER})?\s*)?\])
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
    A key that is not a plain word is written ``model["odd key"]``. Negative indices count from the end,
    ``[*]`` stands for every item of a list, and a slice for some, as in Python: ``[1:]``, ``[:-1]``,
    ``[::2]``.

    Args:
        text: the path as the user wrote it.

    Returns:
        A tuple of keys (str) and indices (int).

    Raises:
        PathSyntaxError: if the text is empty, or has an empty part, a bracket that does not close, or a slice
            whose step is 0.

    Example:
        >>> parse_path("model.nn.0.out_dim") == parse_path("model.nn[0].out_dim")
        True
    """
    if _PLAIN_PATH.match(text):
        words = text.replace("[", ".").replace("]", "").split(".")
        return tuple(int(word) if word[0] in _INDEX_START else word for word in words)
    return _parse_tokens(text)


def _parse_tokens(text: str) -> Path:
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
    if match.lastgroup == "every":
        return EVERY
    if match.lastgroup == "slice":
        return _slice_part(match)
    return re.sub(r"\\(.)", r"\1", match["quoted"], flags=re.DOTALL)


def _slice_part(match: re.Match[str]) -> str:
    start, stop, step = (
        None if match[name] is None else int(match[name]) for name in ("start", "stop", "step")
    )
    if step == 0:
        raise PathSyntaxError(match.string, match.start("step"), "the step of a slice cannot be 0")
    step = step or 1
    if start == (0 if step > 0 else -1):  # where it begins anyway
        start = None
    if (start, stop, step) == (None, None, 1):
        return EVERY
    shown = [("" if bound is None else str(bound)) for bound in (start, stop)]
    return f"[{':'.join(shown)}{'' if step == 1 else f':{step}'}]"


def selects_many(part: str | int) -> bool:
    """Return whether a part of a path stands for several items of a list: ``[*]`` or a slice.

    Example:
        >>> [selects_many(part) for part in ("[*]", "[1:]", "[1]", "layers", 1)]
        [True, True, False, False, False]
    """
    return isinstance(part, str) and part[:1] == "[" and (part == EVERY or _is_slice(part))


def selected(part: str | int, count: int) -> range:
    """Return the positions that a part which ``selects_many`` stands for, in a list of ``count`` items.

    Raises:
        ValueError: if the part does not select items.

    Example:
        >>> list(selected("[1:]", 4)), list(selected("[:-1]", 4)), list(selected("[*]", 2))
        ([1, 2, 3], [0, 1, 2], [0, 1])
    """
    if part == EVERY:
        return range(count)
    match = _SLICE.match(part) if isinstance(part, str) else None
    if match is None:
        raise ValueError(f"{part!r} is neither {EVERY} nor a slice")
    start, stop, step = (None if bound is None else int(bound) for bound in match.groups())
    return range(count)[start:stop:step]


def _is_slice(part: str) -> bool:
    """Tell whether a text is a slice in its one spelling; any other is a key, and is written in quotes."""
    return _SLICE.match(part) is not None and _parse_tokens(part) == (part,)


def format_path(path: Path) -> str:
    """Return the one spelling of ``path`` that qgtune shows, which ``parse_path`` reads back.

    Example:
        >>> format_path(("model", "gcn_net", 0, "out_dim"))
        'model.gcn_net[0].out_dim'
    """
    shown = "".join([f"[{part}]" if isinstance(part, int) else _shown_key(part) for part in path])
    return shown.removeprefix(".")


@lru_cache(MAX_REMEMBERED)
def _shown_key(part: str) -> str:
    """Return a part of a path that is no index, as it stands after others."""
    if selects_many(part):
        return part
    if _PLAIN_KEY.match(part):
        return f".{part}"
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'


def parameter_name(path: Path) -> str:
    """Return the name that the parameter at ``path`` has in a study, as QGTune formed it.

    Example:
        >>> parameter_name(("model", "gcn_net", 0, "out_dim"))
        'model.gcn_net.0.out_dim'
    """
    return ".".join(map(str, path))
