"""The part of a plan that can fail: what a probe must run, and nothing else."""

from collections import defaultdict
from dataclasses import replace

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.steps import Copy
from qgtune.core.paths import Path
from qgtune.space import Mapping, Sequence


def fallible_part(plan: Plan, linked: LinkedSpace) -> Plan:
    """Return a plan of only the steps that can fail, what constraints read, and what these depend on.

    A parameter that none of them depends on is not sampled, so it makes no further corners of the space.
    Where it is not told beforehand what a trial reads, the whole plan is returned.
    """
    copies = [step for step in plan.steps if isinstance(step, Copy)]
    copies_containers = any(isinstance(linked.nodes[copy.source], Mapping | Sequence) for copy in copies)
    if plan.is_conditional or (plan.constraints and copies_containers):
        return plan
    filled: defaultdict[Path, list[Path]] = defaultdict(list)  # by each path at or above it
    for step in (*plan.leading, *plan.steps):
        for end in range(len(step.target) + 1):
            filled[step.target[:end]].append(step.target)
    waiting = [step.target for step in plan.steps if not isinstance(step, Copy)]
    for constraint in linked.constraints:
        waiting += constraint.formula.paths
    needed: set[Path] = set()
    while waiting:
        for target in filled.get(waiting.pop(), ()):
            if target not in needed:
                needed.add(target)
                formulas = [*linked.bounds.get(target, {}).values()]
                if target in linked.formulas:
                    formulas.append(linked.formulas[target])
                waiting += [source for formula in formulas for source in formula.paths]
    return replace(
        plan,
        leading=tuple(step for step in plan.leading if step.target in needed),
        steps=tuple(step for step in plan.steps if step.target in needed),
    )
