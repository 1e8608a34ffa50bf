r"""Reading the docs as a test does: blocks of code, the projects that they form, and the tables between them.

The convention, for every page:

* a ``yaml`` or ``python`` block whose first line is a comment with a file's name (``# search_space.yaml``) is that
  file. ``# base_settings.yaml`` begins a new project, in which ``tuning.yaml`` and Python files stay; any other file
  is added to the project, or replaces the one of its name;
* a ``console`` block holds commands (``$ qgtune check tuning.yaml``), each followed by exactly what it prints in the
  project's folder;
* a ``console run`` block holds commands whose output depends on the machine, and shows none of it; a test runs
  those of a page one after the other, in one folder;
* ``yaml fragment`` and ``python fragment`` are no files; they are parsed;
* a ``text`` block is an excerpt of what a golden case prints.
"""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# ([\w-]+\.(?:yaml|py))\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, its text, the name of the file that it is (if any), and where it stands."""

    kind: str
    text: str
    line: int
    span: tuple[int, int]

    @property
    def name(self) -> str | None:
        match = _NAME.match(self.text)
        return match[1] if match and self.kind in ("yaml", "python") else None


def blocks(page):
    """Return the fenced blocks of a page, in order."""
    found = _FENCE.finditer(page)
    return [Block(m["kind"], m["text"], page.count("\n", 0, m.start()) + 1, m.span("text")) for m in found]


def projects(page):
    """Yield each console block of a page with the files that stand in its project's folder by then."""
    files = {}
    for block in blocks(page):
        if block.name == "base_settings.yaml":
            files = {
                name: text for name, text in files.items() if name == "tuning.yaml" or name.endswith(".py")
            }
        if block.name is not None:
            files[block.name] = block.text
        elif block.kind == "console":
            yield block, dict(files)


def commands(block):
    """Return the commands of a console block, each with the output that follows it."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with '$ '"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def tables(page, *header):
    """Return the rows of every table with this header, as lists of cells without the marks of code."""
    head = "| " + " | ".join(header) + " |"
    rows, inside = [], False
    for line in page.splitlines():
        if not line.startswith("|"):
            inside = False
        elif line == head:
            inside = True
        elif inside and not set(line) <= set("|-: "):
            cells = re.split(r"(?<!\\)\|", line.strip("|"))
            rows.append([cell.strip().strip("`").replace("\\|", "|") for cell in cells])
    return rows


def sections(page, mark):
    """Return the text below each heading of this level (``###``) by its words, to the next one that is not lower."""
    inside = [range(*block.span) for block in blocks(page)]
    headings = [
        match
        for match in re.finditer(rf"^(#{{1,{len(mark)}}}) (.+)$", page, re.MULTILINE)
        if not any(match.start() in span for span in inside)  # a comment in a block is no heading
    ]
    ends = [match.start() for match in headings[1:]] + [len(page)]
    return {m[2]: page[m.end() : end] for m, end in zip(headings, ends, strict=True) if m[1] == mark}


def files_of(text):
    """Return the files that a part of a page shows, by name."""
    return {block.name: block.text for block in blocks(text) if block.name is not None}


def without_blocks(page):
    """Return a page without its fenced blocks; its lines keep their numbers."""
    return _FENCE.sub(lambda match: "\n" * match[0].count("\n"), page)
