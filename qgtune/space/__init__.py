"""The typed search-space tree: what is constant, what varies, what follows. No YAML, no Optuna."""

from qgtune.space.branches import Branch, config_path, path_text
from qgtune.space.domains import Categorical, Domain, DomainError, Float, Integer
from qgtune.space.expressions import Expression, Term, path_expression
from qgtune.space.following import FollowingRange
from qgtune.space.operations import EvaluationError
from qgtune.space.parsing import ExpressionSyntaxError, parse_expression
from qgtune.space.tree import (
    Case,
    Constant,
    Mapping,
    Origin,
    Parameter,
    Reference,
    Repeat,
    Role,
    Sequence,
    SpaceNode,
    Switch,
    Unread,
    walk,
)

__all__ = [
    "Branch",
    "Case",
    "Categorical",
    "Constant",
    "Domain",
    "DomainError",
    "EvaluationError",
    "Expression",
    "ExpressionSyntaxError",
    "Float",
    "FollowingRange",
    "Integer",
    "Mapping",
    "Origin",
    "Parameter",
    "Reference",
    "Repeat",
    "Role",
    "Sequence",
    "SpaceNode",
    "Switch",
    "Term",
    "Unread",
    "config_path",
    "parse_expression",
    "path_expression",
    "path_text",
    "walk",
]
