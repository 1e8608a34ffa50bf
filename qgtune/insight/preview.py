"""What a study is going to do, in a few lines: its parameters by kind, the size of its space, its trials."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qgtune.compiler.data_facts import DataFacts, data_facts
from qgtune.compiler.planning.checks import Check
from qgtune.compiler.prepare import Prepared
from qgtune.compiler.tuning import Tuning
from qgtune.core.wording import count
from qgtune.insight.counting import space_size
from qgtune.insight.listing import Listing
from qgtune.space import Categorical, Domain, Float, FollowingRange, Integer


@dataclass(frozen=True, slots=True)
class Preview:
    """What a study is going to do, each fact with its label, in the order in which they are shown."""

    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        return "\n".join(f"{label:<{width}}  {text}" for label, text in self.rows)


def preview(prepared: Prepared, found: Listing, total: int) -> Preview:
    """Return what a run of a tuning file is going to do.

    Args:
        prepared: the tuning file.
        found: the listing of its search space.
        total: how many finished trials its study shall have.
    """
    compilation, tuning = prepared.compilation, prepared.tuning
    plan = compilation.plan
    by_name = {suggestion.name: suggestion.domain for suggestion in plan.suggestions}
    before = ", before the constraints" if plan.constraints else ""
    rows = [
        ("parameters", _kinds(by_name.values())),
        ("size", f"{space_size(compilation.space)}{before}"),
        ("references", str(len(found.references))),
        ("conditions", _conditions(found)),
        ("constraints", _constraints(plan.constraints)),
        ("a trial", _trial(tuning)),
        ("trials", _trials(tuning, total)),
    ]
    return Preview(tuple((label, text) for label, text in rows if text))


_KIND_NAMES: dict[type, str] = {Float: "float", Integer: "int", Categorical: "categorical"}


def _kinds(domains: Iterable[Domain | FollowingRange]) -> str:
    counts = Counter(_kind(domain) for domain in domains)
    return ", ".join(f"{counts[kind]} {kind}" for kind in _KIND_NAMES.values() if counts[kind]) or "none"


def _kind(domain: Domain | FollowingRange) -> str:
    if isinstance(domain, FollowingRange):
        return _KIND_NAMES[Integer if domain.is_integer else Float]
    return _KIND_NAMES[type(domain)]


def _conditions(found: Listing) -> str:
    counted = (
        (len(found.conditions), "switch", "switches"),
        (len(found.lengths), "tuned length", "tuned lengths"),
    )
    return ", ".join(count(number, one, more) for number, one, more in counted if number)


def _constraints(checks: Sequence[Check]) -> str:
    late = sum(check.is_late for check in checks)
    when = f", {late} of them checked when the model is built" if late else ""
    return f"{len(checks)}{when}" if checks else ""


def _trial(tuning: Tuning) -> str:
    settings = tuning.settings
    goal = f"{settings.direction}d"
    if settings.directions is not None and settings.task is None:
        goals = ", ".join(f"{direction}d" for direction in settings.directions)
        return f"calls {settings.objective}; its values are {goals}"
    if settings.task is None:
        return f"calls {settings.objective}; its value is {goal}"
    data = (settings.data or {}).get("name")
    facts = ", ".join(_facts(data_facts(tuning)))
    described = f"{data} ({facts})" if facts else str(data)
    aims = zip(settings.metric_names, settings.all_directions, strict=False)
    goals = ", ".join(f"{metric} is {direction}d" for metric, direction in aims)
    return f"trains {settings.task} on {described}; {goals}"


def _facts(facts: DataFacts) -> list[str]:
    found = []
    if facts.num_graphs is not None:
        found.append(f"{facts.num_graphs:,} graph{'' if facts.num_graphs == 1 else 's'}")
    if facts.num_node_features is not None:
        found.append(f"{facts.num_node_features} features a node")
    if facts.predicts == "values" and facts.num_classes:
        found.append(f"{count(len(facts.num_classes), 'value')} a {facts.level}")
    elif facts.num_classes:
        found.append(f"{' and '.join(map(str, facts.num_classes))} classes")
    return found


def _trials(tuning: Tuning, total: int) -> str:
    settings = tuning.settings
    processes = count(settings.n_processes, "process", "processes")
    threads = f" of {settings.n_jobs} threads" if settings.n_jobs > 1 else ""
    timeout = f", at most {settings.timeout:g} s" if settings.timeout is not None else ""
    return f"{total:,} in {processes}{threads}{timeout}"
