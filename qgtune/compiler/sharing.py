"""One value for one node: a parameter that an alias repeats is sampled once."""

from qgtune.compiler.problems import Problems
from qgtune.compiler.written import Written
from qgtune.core.diagnostics import Related
from qgtune.core.paths import Path, format_path
from qgtune.space import Branch, Origin, Parameter, Reference, config_path, path_expression


class Sharing:
    """Remembers where the parameter that a node defines was first built.

    The items of a repeat are built from the same nodes, but each has values of its own; so does each case of
    a switch, since no two of them are ever together.
    """

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.items: tuple[int, ...] = ()
        """The items of repeats that are being built, from the outermost in."""
        self._first: dict[tuple[int, tuple[int, ...]], tuple[Path, Origin]] = {}

    def once(self, parameter: Parameter, written: Written, path: Path) -> Parameter | Reference:
        """Return the parameter itself where it is first built, and elsewhere a reference to that place."""
        key = id(written.content)
        for depth in range(len(self.items), -1, -1):
            first = self._first.get((key, self.items[:depth]))
            if first is not None:
                return self._again(parameter, *first, path)
        self._first[key, self.items] = path, parameter.origin
        return parameter

    def _again(self, parameter: Parameter, first: Path, defined: Origin, path: Path) -> Parameter | Reference:
        split = next((i for i, (a, b) in enumerate(zip(first, path, strict=False)) if a != b), len(first))
        if all(isinstance(pair, Branch) for pair in (first[split : split + 1] + path[split : split + 1])):
            return parameter  # two cases of one switch
        if any(isinstance(part, Branch) for part in first[split:]):
            where = format_path(config_path(first))
            self.problems.error(
                "QG219",
                f"this alias stands for a parameter that {where} has only in some trials",
                self.problems.at(parameter.origin),
                "define the parameter where every trial has it, and let both places be aliases",
                Related(self.problems.at(defined), "it is defined here"),
            )
        return Reference(path_expression(first), parameter.origin)
