"""Warnings about what is legal but probably not meant."""

import contextlib
import itertools
from typing import Any

from qgtune.compiler.building.selection import Extent, Selection
from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.problems import Problems
from qgtune.core.paths import Path, PathSyntaxError, format_path, parse_path
from qgtune.space import (
    Categorical,
    Constant,
    FollowingRange,
    Origin,
    Parameter,
    Reference,
    Role,
    config_path,
    path_text,
)

MIN_STEPS = 4
"""Choices at equal distances that are taken for a range; fewer are often meant as they stand."""


def advise(linked: LinkedSpace, selection: Selection, problems: Problems) -> None:
    """Warn of parameters with one value, of ranges written as choices, and of references to constants."""
    done: set[Origin] = set()  # the items of a repeat are built from one form
    told = {(known.location.file, known.location.line) for known in problems.found}
    for path, node in linked.nodes.items():
        if not isinstance(node, Parameter | Reference | Constant) or node.origin in done:
            continue
        if isinstance(node, Constant):
            if isinstance(node.value, str) and node.origin.role is Role.SPACE:
                done.add(node.origin)
                _advise_on_text(path, node, linked, problems)
        elif isinstance(node, Parameter):
            done.add(node.origin)
            _advise_on_parameter(path, node, problems)
        elif isinstance(node, Reference) and node.origin.role is Role.DEPENDENCIES:
            done.add(node.origin)
            if _follows_a_constant(path, linked, selection):
                _advise_on_reference(path, node, linked, told, problems)


def _advise_on_text(path: Path, node: Constant, linked: LinkedSpace, problems: Problems) -> None:
    """Warn of a text that is the path of a value: references stand in the dependency map."""
    text = node.value
    if "." not in text and "[" not in text:
        return
    with contextlib.suppress(PathSyntaxError):
        meant, here = parse_path(text), config_path(path)
        if meant != here and meant in linked.nodes:
            message = f"{format_path(here)} is the text {text!r}, which is also the path of a value"
            hint = "to follow that value, write this in the dependency map, or mark it as !reference"
            problems.warn("QG233", message, problems.at(node.origin), hint)


def _advise_on_parameter(path: Path, node: Parameter, problems: Problems) -> None:
    domain = node.domain
    if isinstance(domain, FollowingRange):
        return
    # The usual ones first: to find a place and to write a path for each would cost more than to check it.
    if isinstance(domain, Categorical):
        step = _step(list(domain.choices))
        if len(domain.choices) > 1 and step is None:
            return
    elif domain.low < domain.high:
        return
    shown, place = path_text(path), problems.at(node.origin)
    if not isinstance(domain, Categorical):
        message = f"{shown} can only be {domain.low}, so it does not vary"
        problems.warn("QG225", message, place, f"write {domain.low}, or give it a wider range")
        return
    if len(domain.choices) == 1:
        hint = "write {type: fixed, value: ...} if that is meant, or add a choice"
        problems.warn("QG225", f"{shown} has one choice, so it does not vary", place, hint)
    if step is not None:
        low, high = domain.choices[0], domain.choices[-1]
        kind = "int" if isinstance(low, int) and isinstance(step, int) else "float"
        message = (
            f"the choices of {shown} are numbers in steps of {step}, but a sampler does not see their order"
        )
        hint = f"write {{type: {kind}, low: {low}, high: {high}, step: {step}}} if the order matters"
        problems.warn("QG226", message, place, hint)


def _step(choices: list[Any]) -> float | None:
    """Return the distance of equally distant numbers in rising order, or None if these are none."""
    if len(choices) < MIN_STEPS:
        return None
    if not all(isinstance(choice, int | float) and not isinstance(choice, bool) for choice in choices):
        return None
    steps = [right - left for left, right in itertools.pairwise(choices)]
    step = round(steps[0], 12) if isinstance(steps[0], float) else steps[0]
    even = all(abs(other - steps[0]) <= 1e-9 * abs(steps[0]) for other in steps)
    return step if even and step > 0 else None


def _follows_a_constant(path: Path, linked: LinkedSpace, selection: Selection) -> bool:
    """Tell whether all that a reference reads is the same in every trial, and would be in every study."""
    formula = linked.formulas[path]
    if not all(isinstance(source, tuple | list) for source in formula.sources):
        return False
    sources = formula.paths
    if not all(isinstance(linked.nodes[source], Constant) for source in sources):
        return False
    # Where nothing varies, the map may be meant for studies in which something does.
    return all(selection.extent(config_path(at)) is not Extent.NONE for at in (*sources, path))


def _advise_on_reference(
    path: Path, node: Reference, linked: LinkedSpace, told: set[tuple[str, int]], problems: Problems
) -> None:
    """Warn of a reference to a constant, unless its line has been spoken of already."""
    place = problems.at(node.origin)
    if (place.file, place.line) in told:
        return
    formula = linked.formulas[path]
    message = f"{path_text(path)} follows {formula}, which is the same in every trial"
    hint = "let it vary, or write the value where it is followed"
    problems.warn("QG312", message, place, hint)
