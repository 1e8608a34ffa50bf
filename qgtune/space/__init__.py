"""The typed search-space tree: what is constant, what varies, what follows. No YAML, no Optuna."""

from qgtune.space.domains import Categorical, Domain, DomainError, Float, Integer
from qgtune.space.expressions import Expression, Term, path_expression
from qgtune.space.operations import EvaluationError
from qgtune.space.parsing import ExpressionSyntaxError, parse_expression
from qgtune.space.tree import Constant, Mapping, Origin, Parameter, Reference, Role, Sequence, SpaceNode, walk

__all__ = [
    "Categorical",
    "Constant",
    "Domain",
    "DomainError",
    "EvaluationError",
    "Expression",
    "ExpressionSyntaxError",
    "Float",
    "Integer",
    "Mapping",
    "Origin",
    "Parameter",
    "Reference",
    "Role",
    "Sequence",
    "SpaceNode",
    "Term",
    "parse_expression",
    "path_expression",
    "walk",
]
