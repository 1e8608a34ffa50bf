"""The tags of later QGTune's one-file form: what varies is marked, and a bare list is a list.

Each tag is read as the form that it stands for; ``!pyobject`` is a value of its own.
"""

import re
from dataclasses import replace

from qgtune.compiler.building.conditions import NodeBuilder, build_coupled, expression_of
from qgtune.compiler.building.domains import read_domain
from qgtune.compiler.building.forms import Form
from qgtune.compiler.building.mismatches import Mismatches, literals
from qgtune.compiler.building.reach import Reach
from qgtune.compiler.building.written import Fields, Written, fields_of
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Diagnostic, did_you_mean
from qgtune.core.paths import Path
from qgtune.document import MappingNode, Node, ScalarNode, SequenceNode, content, walk
from qgtune.space import (
    Branch,
    Case,
    Constant,
    Domain,
    Float,
    FollowingRange,
    Origin,
    Reference,
    Role,
    SpaceNode,
)
from qgtune.space import Switch as SwitchNode
from qgtune.space.following import aligned_high
from qgtune.space.tree import case_label

PYOBJECT = "!pyobject"
FIELDS = {
    "!sweep": ("values",),
    "!coupled-sweep": ("target", "values"),
    "!range": ("start", "stop", "step", "log"),
    "!random_uniform": ("start", "stop", "log", "size"),
    "!reference": ("target",),
}
"""The fields of what a tag marks."""

_OPTIONAL = {"step", "log", "size"}
_DEFAULT_STEP = 0.1
"""What later QGTune takes where a range of floats has no step."""


Found = Domain | FollowingRange | SpaceNode | None
"""What a tag makes of a node."""


def has_tags(node: Node) -> bool:
    """Tell whether anything below a node is marked with one of the tags."""
    return any(inner.tag in FIELDS or inner.tag == PYOBJECT for inner in walk(node))


def read_tagged(space: Written, path: Path, build: NodeBuilder, reach: Reach) -> Found:
    """Return what a tag makes of a node: a domain, or a node of the tree; None if it has none of these tags.

    Args:
        space: the node.
        path: where it stands in the tree.
        build: builds the nodes of the cases of a coupled sweep.
        reach: tells what a target of a coupled sweep can be.
    """
    tag, problems = space.content.tag or "", build.problems
    found: Found
    if tag == PYOBJECT:
        found = _object(space, problems)
    elif tag == "!reference":
        found = _reference(space, problems)
    elif tag in FIELDS:
        fields = _fields(space, tag, problems)
        if fields is None:
            found = None
        elif tag == "!coupled-sweep":
            found = _coupled(fields, space, path, build, reach)
        else:
            found = _domain(tag, fields, problems)
    else:
        return None
    return found or Constant(None, Origin(Role.SPACE, space.path))


def _object(space: Written, problems: Problems) -> Found:
    inner = space.content
    if isinstance(inner, ScalarNode) and inner.value:
        return Constant(inner.value, Origin(Role.SPACE, space.path))
    message = "!pyobject marks the name of one object, such as !pyobject torch.nn.ReLU"
    problems.error("QG205", message, problems.at_node(Role.SPACE, space.node))
    return None


def _fields(space: Written, tag: str, problems: Problems) -> Fields | None:
    """Return the fields of what a tag marks, checked by name, or None after reporting what is wrong."""
    legal = FIELDS[tag]
    if not isinstance(space.content, MappingNode):
        message = f"{tag} marks a mapping with {' and '.join(f for f in legal if f not in _OPTIONAL)}"
        problems.error("QG205", message, problems.at_node(Role.SPACE, space.node))
        return None
    fields = fields_of(space)
    for name, (key, _) in fields.items():
        if name not in legal:
            message = f"{key.text!r} is not a field of {tag}"
            place = problems.at_node(Role.SPACE, key)
            free = [field for field in legal if field not in fields]
            problems.error("QG203", message, place, did_you_mean(str(name), free))
            return None
    missing = [field for field in legal if field not in fields and field not in _OPTIONAL]
    if missing:
        message = f"{tag} needs {' and '.join(missing)}"
        problems.error("QG204", message, problems.at_node(Role.SPACE, space.node))
        return None
    return fields


def _reference(space: Written, problems: Problems) -> Reference | None:
    written = space
    if not isinstance(space.content, ScalarNode):
        fields = _fields(space, "!reference", problems)
        if fields is None:
            return None
        written = fields["target"][1]
    hint = "a target is a path such as model.layers[0].out_dim"
    expression = expression_of(written, problems, hint)
    return None if expression is None else Reference(expression, Origin(Role.SPACE, written.path))


def _domain(tag: str, fields: Fields, problems: Problems) -> Domain | FollowingRange | None:
    if tag == "!sweep":
        for item in literals(fields["values"][1].node):
            Mismatches(problems).check_literal(item, "a choice")
        return read_domain(Form("categorical", {"choices": fields["values"]}), problems)
    names = {"start": "low", "stop": "high", "step": "step", "log": "log"}
    renamed: Fields = {names[str(name)]: entry for name, entry in fields.items() if name in names}
    third = content(renamed["step"][1].node) if "step" in renamed else None
    if isinstance(third, ScalarNode) and isinstance(third.value, bool):
        renamed["log"] = renamed.pop("step")  # as the third item of a tuple
    numbers = [content(renamed[name][1].node) for name in ("low", "high", "step") if name in renamed]
    whole = all(isinstance(n, ScalarNode) and isinstance(n.value, int) for n in numbers)
    is_integer = tag == "!range" and whole
    unnamed = Problems(problems.documents)
    domain = read_domain(Form("int" if is_integer else "float", renamed), unnamed)
    problems.found.extend(map(_in_words_of_the_tag, unnamed.found))
    if tag == "!range" and isinstance(domain, Float) and domain.step is None and not domain.log:
        high = aligned_high(domain.low, domain.high, _DEFAULT_STEP)
        return replace(domain, high=high, step=_DEFAULT_STEP)
    return domain


def _case(label: str, written: Written, path: Path, build: NodeBuilder) -> Case:
    return Case(label, build.node(written, None, (*path, Branch(label)), merges=False))


def _in_words_of_the_tag(problem: Diagnostic) -> Diagnostic:
    """Return a diagnostic that speaks of start and stop, as the tag does, where ranges have low and high."""
    message = re.sub(r"\blow\b", "start", re.sub(r"\bhigh\b", "stop", problem.message))
    return replace(problem, message=message)


def _coupled(fields: Fields, space: Written, path: Path, build: NodeBuilder, reach: Reach) -> Found:
    """Return the switch of a coupled sweep: each of its values goes with one of the target's."""
    problems = build.problems
    target, values = fields["target"][1], fields["values"][1]
    if isinstance(values.content, MappingNode):
        return build_coupled(
            Form("coupled", {"to": fields["target"], "values": fields["values"]}), space, path, build
        )
    to = expression_of(target, problems, "a target is a path such as model.layers")
    inner = values.content
    if to is None:
        return None
    choices = reach.choices(to)
    if not isinstance(inner, SequenceNode) or choices is None:
        message = "values must be a list, a value for each of the target's"
        if isinstance(inner, SequenceNode):
            message = f"a coupled sweep goes with the choices of another parameter, but {to} has none"
        place = problems.at_node(Role.SPACE, (target if choices is None else values).node)
        problems.error("QG230", message, place)
        return None
    if len(choices) != len(inner.items):
        message = f"{to} has {len(choices)} values, but {len(inner.items)} are to go with them"
        problems.error("QG230", message, problems.at_node(Role.SPACE, values.node), "give one for each")
        return None
    cases = [
        _case(str(case_label(choice)), Written(item, (*values.path, i)), path, build)
        for i, (choice, item) in enumerate(zip(choices, inner.items, strict=True))
    ]
    return SwitchNode(to, tuple(cases), None, Origin(Role.SPACE, target.path))
