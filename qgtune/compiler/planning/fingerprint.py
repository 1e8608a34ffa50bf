"""Fingerprints of plans: equal for equal meaning, whatever the order of keys in the files."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from qgtune.compiler.planning.checks import Check
from qgtune.compiler.planning.steps import Copy, Decision, Option, Step, Suggestion
from qgtune.core.paths import Path, format_path
from qgtune.space import Branch
from qgtune.space.domain_texts import canonical, domain_text


def fingerprint_of(
    skeleton: Any, stock: Sequence[Any], steps: Iterable[Step], constraints: Iterable[Check]
) -> str:
    """Return 16 hexadecimal digits that name a plan: constants, parameters, references, cases, constraints.

    Args:
        skeleton: the config with None wherever a trial writes.
        stock: what the cases of switches put there.
        steps: what a trial does, in any order and however often.
        constraints: what must hold of a config.
    """
    done = list(steps)
    lines = sorted({step_text(step, stock) for step in done if isinstance(step, Suggestion)})
    lines += sorted({step_text(step, stock) for step in done if not isinstance(step, Suggestion)})
    lines += sorted(str(check.expression) for check in constraints)
    lines.append(canonical(skeleton))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def step_text(step: Step, stock: Sequence[Any]) -> str:
    """Return a text that is equal for equal steps only."""
    if isinstance(step, Suggestion):
        return f"{step.name} at {format_path(step.path)}: {domain_text(step.domain)}{_cases(step.target)}"
    if isinstance(step, Decision):
        options = {label: _option(option, stock) for label, option in step.options.items()}
        other = None if step.default is None else _option(step.default, stock)
        return f"{step}{_cases(step.target)}: {canonical(options)}, otherwise {other}"
    source = _cases(step.source) if isinstance(step, Copy) else ""
    return f"{step}{_cases(step.target)}{source}"


def _option(option: Option, stock: Sequence[Any]) -> str:
    if option.is_absent:
        return "absent"
    return "filled" if option.stock is None else canonical(stock[option.stock])


def _cases(path: Path) -> str:
    """Return in which cases something stands; an empty text where it stands in none."""
    cases = [f"{depth}: {str(part)!r}" for depth, part in enumerate(path) if isinstance(part, Branch)]
    return f" in {', '.join(cases)}" if cases else ""
