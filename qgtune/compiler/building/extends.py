"""``extends: other_space.yaml``: a search space laid over another one."""

import os
import pathlib
from dataclasses import dataclass, field

from qgtune.compiler.building.forms import SYNONYMS
from qgtune.compiler.building.settings import CONSTRAINTS, EXTENDS
from qgtune.compiler.files import shown_path, similar_file
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Diagnostic
from qgtune.document import Document, Node, ScalarNode, content, overlay, read_document, read_source


@dataclass(slots=True)
class Extension:
    """Lays a search space over what it extends, and that over what it extends in turn.

    Args:
        problems: receives what is wrong with the other files.
    """

    problems: Problems
    files: list[pathlib.Path] = field(default_factory=list)
    """The other files that were read."""

    def apply(self, document: Document, folder: pathlib.Path) -> Document | None:
        """Return a search space with everything that it extends, or None after reporting what is wrong.

        Args:
            document: the search space.
            folder: the folder of its file, from which the other's name goes.
        """
        written = document.find((EXTENDS,))
        if written is None:
            return document
        named = content(written)
        if not isinstance(named, ScalarNode) or not isinstance(named.value, str) or not named.value:
            return self.refuse(document, written, "extends must be the name of a search space file")
        path = folder / pathlib.Path(named.value).expanduser()
        if os.path.realpath(path) in map(os.path.realpath, self.files):
            return self.refuse(document, written, f"{shown_path(path)} comes to extend itself")
        self.files.append(path)
        unread: list[Diagnostic] = []
        source = read_source(path, shown_path(path), unread)
        if source is None:
            message = f"{shown_path(path)} cannot be extended: {unread[0].message}"
            return self.refuse(document, written, message, similar_file(path))
        below = read_document(source, self.problems.found)
        if below is None:
            return None
        whole = self.apply(below, path.parent)
        return None if whole is None else overlay(document, whole, SYNONYMS, (CONSTRAINTS,))

    def refuse(self, document: Document, node: Node, message: str, hint: str = "") -> Document | None:
        """Report why a file cannot be extended."""
        self.problems.error("QG228", message, document.location(node), hint)
        return None
