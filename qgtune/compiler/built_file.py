"""The file with a study's first config: written once, and anew where it is missing or of another space."""

import pathlib
import threading
from typing import Any

from qgtune.compiler.emit import built_header, built_search_space_text
from qgtune.compiler.pipeline import Compilation
from qgtune.core.files import write_atomically

_lock = threading.Lock()
_written: dict[pathlib.Path, str] = {}
"""The built search spaces that this process wrote or found: file -> fingerprint of the space."""


def write_built_once(
    file: pathlib.Path, compilation: Compilation, config: dict[str, Any], *, is_first: bool
) -> None:
    """Write a trial's config, atomically, unless the file holds one of the same space already.

    Args:
        file: where to.
        compilation: what the config was resolved from.
        config: the config.
        is_first: whether this is the first trial of its study, whose config is always written.
    """
    fingerprint = compilation.plan.fingerprint
    with _lock:
        known = file.exists() and (_written.get(file) or _fingerprint_of(file))
        if not is_first and known == fingerprint:
            _written[file] = fingerprint
            return
        text = built_search_space_text(compilation, config, built_header(compilation, config))
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text)
        _written[file] = fingerprint


def _fingerprint_of(file: pathlib.Path) -> str:
    try:
        with file.open(encoding="utf-8") as text:
            for line in text:
                if not line.startswith("#"):
                    return ""
                if line.startswith("# search space "):
                    return line.split()[-1]
    except (OSError, UnicodeDecodeError):
        pass
    return ""
