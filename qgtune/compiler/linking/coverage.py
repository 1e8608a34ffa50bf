"""Whether the cases of each switch are the values that can choose one."""

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Location, Related, did_you_mean, nearest
from qgtune.core.paths import Path
from qgtune.space import Categorical, Constant, Integer, Parameter, Reference, Switch, path_text
from qgtune.space.tree import Case, case_label

MAX_VALUES = 1000
"""Integers of a range that are compared with cases."""


def check_cases(linked: LinkedSpace, problems: Problems) -> None:
    """Report values without a case, and cases that no value chooses; each switch at most once.

    Only where it is known which values there are: where a switch is on a parameter or a constant.
    """
    done: set[object] = set()
    for path, node in linked.nodes.items():
        source = _source(path, linked) if isinstance(node, Switch) else None
        if source is None or not isinstance(node, Switch) or node.origin in done:
            continue
        values = _values(source, linked)
        if values is None:
            continue
        done.add(node.origin)
        labels = [case.label for case in node.cases]
        unmet = [case for case in node.cases if case.label not in values]
        missing = [value for value in values if value not in labels and node.default is None]
        of = path_text(source)
        place = problems.at(linked.nodes[source].origin)
        related = Related(place, f"{of} is {_listed(values)}")
        if missing:
            what = f"{of} can be {_listed(missing)}, but there is no such case"
            meant = [case for case in unmet if nearest(case.label, missing)]
            hint = (
                f"did you mean {nearest(meant[0].label, missing)!r} where the case {meant[0].label!r} stands?"
                if meant
                else "add the case, or a case default for all other values"
            )
            problems.error("QG223", what, problems.at(node.origin), hint, related)
        elif isinstance(linked.nodes[source], Parameter):
            for case in unmet:
                message = f"{of} is never {case.label!r}, so this case is never chosen"
                problems.warn(
                    "QG224", message, _place(case, node, problems), did_you_mean(case.label, values), related
                )


def _place(case: Case, node: Switch, problems: Problems) -> Location:
    return problems.at_key(case.node.origin if case.node is not None else node.origin)


def _listed(values: list[str]) -> str:
    shown = ", ".join(values[:8]) + (", ..." if len(values) > 8 else "")
    return shown if len(values) > 1 else values[0]


def _source(path: Path, linked: LinkedSpace) -> Path | None:
    """Return the parameter or constant that a switch is on, if it is just that, through references."""
    formula = linked.choosers.get(path)
    for _ in range(len(linked.formulas) + 1):
        if formula is None or not formula.expression.is_path:
            return None
        source = formula.sources[0]
        if not isinstance(source, tuple):
            return None
        if not isinstance(linked.nodes[source], Reference):
            return source
        formula = linked.formulas.get(source)
    return None


def _values(source: Path, linked: LinkedSpace) -> list[str] | None:
    """Return the labels of all values at a path, or None if there are too many or it cannot be told."""
    node = linked.nodes[source]
    if isinstance(node, Constant):
        found = [case_label(node.value)]
    elif isinstance(node, Parameter) and isinstance(node.domain, Categorical):
        labelled = not node.domain.is_plain
        found = [case_label(c) for c in (node.domain.labels if labelled else node.domain.choices)]
    elif isinstance(node, Parameter) and isinstance(node.domain, Integer):
        steps = range(node.domain.low, node.domain.high + 1, node.domain.step)
        if node.domain.log or len(steps) > MAX_VALUES:
            return None
        found = [str(value) for value in steps]
    else:
        return None
    labels = [label for label in found if label is not None]
    return labels if len(labels) == len(found) else None
