"""Probing a plan: configs at the corners of the space, resolved before the first trial."""

from collections.abc import Iterator
from typing import Any

from qgtune.compiler.link import LinkedSpace
from qgtune.compiler.plan import Computation, Plan, StoredTrial
from qgtune.compiler.problems import Problems
from qgtune.core.paths import Path
from qgtune.space import Categorical, Domain, EvaluationError, Reference, walk

MAX_PROBES = 1000
"""Configs that are looked at; a space with more choices than this is probed in part."""


def probe_configs(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield configs that show every choice and every bound at least once, the others at their first value.

    Configs for which an expression has no value are left out; ``check_expressions`` tells of them.
    """
    for params in _probes(plan):
        try:
            yield plan.config_of(params)
        except EvaluationError:
            continue


def check_expressions(plan: Plan, linked: LinkedSpace, problems: Problems) -> None:
    """Report expressions that have no value: an error if for no probe, a warning if only for some."""
    if not any(isinstance(step, Computation) for step in plan.steps):
        return
    references = {path: node for path, node in walk(linked.root) if isinstance(node, Reference)}
    failed: dict[Path, tuple[int, str]] = {}
    probes = 0
    for params in _probes(plan):
        probes += 1
        _, containers = plan.begin(StoredTrial(params))
        for step in plan.steps:
            try:
                step.run(containers)
            except EvaluationError as error:
                count, first = failed.get(step.target, (0, str(error)))
                failed[step.target] = (count + 1, first)
                break  # what follows this value has none either
    for target, (count, message) in failed.items():
        place = problems.at(references[target].origin)
        if count == probes:
            problems.error("QG309", message, place)
        else:
            hint = "trials that meet such values are pruned with this reason"
            problems.warn("QG310", f"for some values of the space, {message}", place, hint)


def _probes(plan: Plan) -> Iterator[dict[str, Any]]:
    first = {s.name: _extremes(s.domain)[0] for s in plan.suggestions}
    yield first
    probes = 1
    for suggestion in plan.suggestions:
        for value in _extremes(suggestion.domain)[1:]:
            if probes == MAX_PROBES:
                return
            probes += 1
            yield first | {suggestion.name: value}


def _extremes(domain: Domain) -> list[Any]:
    return list(domain.labels) if isinstance(domain, Categorical) else [domain.low, domain.high]
