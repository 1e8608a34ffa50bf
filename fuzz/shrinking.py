"""Making a failing input small: whatever can go while the same failure stays, goes."""

import pathlib
from collections.abc import Iterator

from fuzz.projects import Project
from fuzz.verdicts import judge

MAX_TRIES = 1500


def shrunk(project: Project, what: str, folder: pathlib.Path) -> Project:
    """Return a small project that fails as ``what`` says, made of lines and characters of this one.

    Args:
        project: a project that fails so.
        what: the failure's name, as ``judge`` gives it.
        folder: where candidates are written.
    """
    tries = 0
    changed = True
    while changed and tries < MAX_TRIES:
        changed = False
        for candidate in _smaller(project):
            tries += 1
            if judge(candidate, folder).what == what:
                project, changed = candidate, True
                break
            if tries >= MAX_TRIES:
                break
    return project


def _smaller(project: Project) -> Iterator[Project]:
    """Yield projects with a file emptied, then with lines left out, then with characters left out."""
    names = [name for name, text in project.items() if text and name.endswith(".yaml")]
    for name in names:
        yield {**project, name: b""}
    for name in names:
        lines = project[name].splitlines(keepends=True)
        for piece in _without_a_piece(lines):
            yield {**project, name: b"".join(piece)}
    for name in names:
        if len(project[name]) < 400:
            for piece in _without_a_piece([bytes([byte]) for byte in project[name]]):
                yield {**project, name: b"".join(piece)}


def _without_a_piece(items: list[bytes]) -> Iterator[list[bytes]]:
    size = len(items) // 2
    while size:
        for start in range(0, len(items), size):
            yield items[:start] + items[start + size :]
        size //= 2
