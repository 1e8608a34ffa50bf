"""What a study is going to do, in a few lines: its parameters by kind, the size of its space, its trials."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qgtune.compiler.prepare import Prepared
from qgtune.compiler.task_check import DataFacts, data_facts
from qgtune.compiler.tuning import Tuning
from qgtune.space import Categorical, Domain, Float, FollowingRange, Integer, Parameter, SpaceNode
from qgtune.space.tree import children

EXACT = 10**12
"""A greater number of combinations is told by its order of magnitude."""


@dataclass(frozen=True, slots=True)
class SpaceSize:
    """How many configs there are: ``combinations`` of all finite domains, beside ``continuous`` ranges."""

    combinations: int
    continuous: int

    def __mul__(self, other: "SpaceSize") -> "SpaceSize":
        return SpaceSize(self.combinations * other.combinations, self.continuous + other.continuous)

    def __str__(self) -> str:
        ranges = f"{self.continuous} continuous range{'' if self.continuous == 1 else 's'}"
        if self.combinations == 1 and self.continuous:
            return ranges
        number = f"{self.combinations:,}" if self.combinations <= EXACT else _magnitude(self.combinations)
        combinations = f"{number} combination{'' if self.combinations == 1 else 's'}"
        return f"{combinations} beside {ranges}" if self.continuous else combinations


@dataclass(frozen=True, slots=True)
class Preview:
    """What a study is going to do, each fact with its label, in the order in which they are shown."""

    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        return "\n".join(f"{label:<{width}}  {text}" for label, text in self.rows)


def preview(prepared: Prepared) -> Preview:
    """Return what a run of a tuning file is going to do."""
    plan, tuning = prepared.compilation.plan, prepared.tuning
    rows = [
        ("parameters", _kinds([suggestion.domain for suggestion in plan.suggestions])),
        ("size", str(space_size(prepared.compilation.space.root))),
        ("references", str(len(plan.steps))),
        # A row for what no config may break goes here.
        ("a trial", _trial(tuning)),
        ("trials", _trials(tuning)),
    ]
    return Preview(tuple(rows))


def space_size(node: SpaceNode) -> SpaceSize:
    """Return how many configs a search space, or a part of it, can give.

    Example:
        >>> from qgtune.space import Origin, Role
        >>> str(space_size(Parameter(Integer(16, 64, step=16), Origin(Role.SPACE, ()))))
        '4 combinations'
    """
    return _SIZES.get(type(node), _product)(node)


def _product(node: SpaceNode) -> SpaceSize:
    size = SpaceSize(1, 0)
    for _, child in children(node):
        size *= space_size(child)
    return size


def _parameter_size(node: Parameter) -> SpaceSize:
    domain = node.domain
    if isinstance(domain, Categorical):
        return SpaceSize(len(domain.choices), 0)
    if isinstance(domain, Integer):
        return SpaceSize((domain.high - domain.low) // domain.step + 1, 0)
    if domain.low == domain.high:
        return SpaceSize(1, 0)
    if domain.step is None:
        return SpaceSize(1, 1)
    low, high, step = (Fraction(Decimal(repr(number))) for number in (domain.low, domain.high, domain.step))
    return SpaceSize(int((high - low) // step) + 1, 0)


_SIZES: dict[type, Callable[[Any], SpaceSize]] = {Parameter: _parameter_size}
"""Type of a node -> its size; of all others it is the product of their children's."""

_KIND_NAMES: dict[type, str] = {Float: "float", Integer: "int", Categorical: "categorical"}


def _kinds(domains: list[Domain | FollowingRange]) -> str:
    counts = Counter(_KIND_NAMES[type(domain)] for domain in domains)
    return ", ".join(f"{counts[kind]} {kind}" for kind in _KIND_NAMES.values() if counts[kind]) or "none"


def _magnitude(number: int) -> str:
    return f"about 10^{math.floor(math.log10(number))}"


def _trial(tuning: Tuning) -> str:
    settings = tuning.settings
    goal = f"{settings.direction}d"
    if settings.task is None:
        return f"calls {settings.objective}; its value is {goal}"
    data = (settings.data or {}).get("name")
    facts = ", ".join(_facts(data_facts(tuning)))
    described = f"{data} ({facts})" if facts else str(data)
    return f"trains {settings.task} on {described}; {settings.metric_name} is {goal}"


def _facts(facts: DataFacts) -> list[str]:
    found = []
    if facts.num_graphs is not None:
        found.append(f"{facts.num_graphs:,} graphs")
    if facts.num_node_features is not None:
        found.append(f"{facts.num_node_features} features a node")
    if facts.num_classes:
        found.append(f"{' and '.join(map(str, facts.num_classes))} classes")
    return found


def _trials(tuning: Tuning) -> str:
    settings = tuning.settings
    processes = f"{settings.n_processes} process{'' if settings.n_processes == 1 else 'es'}"
    threads = f" of {settings.n_jobs} threads" if settings.n_jobs > 1 else ""
    timeout = f", at most {settings.timeout:g} s" if settings.timeout is not None else ""
    return f"{settings.total_trials:,} in {processes}{threads}{timeout}"
