"""Collecting diagnostics against the files they are about."""

from dataclasses import dataclass, field

from qgtune.core.diagnostics import Diagnostic, Location, Related, Severity, sort_diagnostics
from qgtune.core.errors import DiagnosticError
from qgtune.core.paths import Path
from qgtune.document import Document, Node, Span
from qgtune.space import Origin, Role


@dataclass(slots=True)
class Problems:
    """The diagnostics of one compilation; ``documents`` tells where an origin stands."""

    documents: dict[Role, Document] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)

    def error(self, code: str, message: str, place: Location, hint: str = "", *related: Related) -> None:
        """Add an error."""
        self.found.append(Diagnostic(code, message, place, hint, Severity.ERROR, related))

    def warn(self, code: str, message: str, place: Location, hint: str = "", *related: Related) -> None:
        """Add a warning."""
        self.found.append(Diagnostic(code, message, place, hint, Severity.WARNING, related))

    def at(self, origin: Origin) -> Location:
        """Return the place of an origin in its file."""
        return self.documents[origin.role].locate(origin.path)

    def at_key(self, origin: Origin) -> Location:
        """Return the place of the key that an origin stands under, or of the value if it has no key."""
        return self.documents[origin.role].location_of_key(origin.path)

    def at_node(self, role: Role, node: Node) -> Location:
        """Return the place of a node of one of the files."""
        return self.documents[role].location(node)

    def at_span(self, role: Role, node: Node, span: Span) -> Location:  # noqa: ARG002 - tells the file
        """Return the place of a part of a node, such as one character of its text."""
        return self.documents[role].source.location(span)

    def at_top(self, role: Role, path: Path = ()) -> Location:
        """Return the place of the nearest existing thing at or above ``path`` in a file."""
        return self.documents[role].locate(path)

    @property
    def has_errors(self) -> bool:
        """Whether anything found is an error."""
        return any(problem.severity is Severity.ERROR for problem in self.found)

    def raise_errors(self) -> None:
        """Raise all diagnostics as one DiagnosticError if one of them is an error."""
        if self.has_errors:
            raise DiagnosticError(sort_diagnostics(self.found))
