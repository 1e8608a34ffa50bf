"""The canonical form of a plan, which a study keeps so that a change of its search space can be told."""

from typing import Any

from qgtune.compiler.planning.fingerprint import step_text
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.steps import Suggestion
from qgtune.core.paths import Path, format_path
from qgtune.space import Categorical, Domain, FollowingRange
from qgtune.space.domain_texts import canonical, domain_text


def canonical_form(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values that JSON can hold, equal for equal plans only.

    ``parameters`` maps each name to its domain: its text and, for a plain range, ``kind``, ``low``, ``high``,
    ``step`` and ``log``, or for choices, in ``values``, what each label stands for. ``constants`` maps each
    path to what stands there; ``follows`` and ``constraints`` are the texts of everything else.
    """
    containers, stock = plan.template.fresh()
    constants: dict[str, str] = {}
    _note_constants(containers[0], (), constants)
    others = [step for step in plan.steps if not isinstance(step, Suggestion)]
    return {
        "parameters": {one.name: _domain_form(one.domain, one.path) for one in plan.suggestions},
        "constants": constants,
        "follows": sorted({step_text(step, stock) for step in others}),
        "constraints": sorted(str(check.expression) for check in plan.constraints),
    }


def _domain_form(domain: Domain | FollowingRange, path: Path) -> dict[str, Any]:
    form: dict[str, Any] = {"path": format_path(path), "text": str(domain), "exact": domain_text(domain)}
    if isinstance(domain, Categorical):
        labelled = zip(domain.labels, domain.choices, strict=True)
        form["values"] = {str(label): canonical(value) for label, value in labelled}
    elif not isinstance(domain, FollowingRange):
        kind = type(domain).__name__
        bounds = {"low": domain.low, "high": domain.high, "step": domain.step, "log": domain.log}
        form |= {"kind": kind, **bounds}
    return form


def _note_constants(value: Any, path: Path, found: dict[str, str]) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    entries = list(items)
    for key, item in entries:
        _note_constants(item, (*path, key), found)
    if not entries:
        found[format_path(path)] = canonical(value)
