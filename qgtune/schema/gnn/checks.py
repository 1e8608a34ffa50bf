"""The problems of a task's config, each at the path of the value that causes it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar, get_args, overload

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.schema.gnn.arguments import argument_problems
from qgtune.schema.gnn.dims import dimension_problems
from qgtune.schema.gnn.installed import installed_names
from qgtune.schema.gnn.model import SPELLINGS, NetworkConfig
from qgtune.schema.gnn.names import RegisteredNames
from qgtune.schema.gnn.optimization_values import optimization_problems
from qgtune.schema.gnn.rules import ONE, SEVERAL, Section
from qgtune.schema.gnn.tasks import TASK_SCHEMAS, GraphClassificationConfig, TaskConfig
from qgtune.schema.gnn.training import LoaderConfig

GRAPH_CLASSIFICATION = "graph_classification"

S = TypeVar("S", bound=BaseModel)
C = TypeVar("C", bound=TaskConfig)


def find_problems(  # noqa: PLR0913 - one argument for each fact of the data set
    config: Mapping[str, Any],
    *,
    task: str = GRAPH_CLASSIFICATION,
    names: RegisteredNames | None = None,
    num_node_features: int | None = None,
    num_classes: Sequence[int | None] | None = None,
    num_graphs: int | None = None,
    num_edge_features: int | None = None,
    num_graph_features: int | None = None,
) -> tuple[ConfigValueError, ...]:
    """Return everything that is wrong with a config; nothing means: it can be trained.

    Args:
        config: the whole config, plain dicts and lists.
        task: a name in ``TASK_SCHEMAS``, the task that the config is for.
        names: names that are legal besides the built-in ones; by default ``installed_names()``, which are
            looked up only where the built-in ones do not do.
        num_node_features: features of a node in the data set, if it is known.
        num_classes: the number of classes of each target of the data set, None for a target that is a number;
            if it is known.
        num_graphs: graphs of the data set, if it is known.
        num_edge_features: features of an edge in the data set, 0 for none, if it is known.
        num_graph_features: features of a graph in the data set, 0 for none, if it is known.

    Returns:
        One error for each problem, not raised, in the order of the schema. Dims are looked at only where
        every key, type and argument is right.

    Example:
        >>> [str(problem) for problem in find_problems({"model": 3, "training": {}, "validation": {}})]
        ['model: must be a mapping, not 3']
    """
    schema = TASK_SCHEMAS[task].config
    try:
        parsed = _parsed(schema, config, names)
    except ValidationError as error:
        return _translated(error, schema)
    dims = dimension_problems(
        parsed.model,
        num_node_features=num_node_features,
        num_classes=num_classes,
        num_edge_features=num_edge_features,
        num_graph_features=num_graph_features,
    )
    return (
        *_split_problems(parsed),
        *([] if num_graphs is None else _part_problems(parsed, num_graphs)),
        *optimization_problems(parsed.training),
        # A wrong argument, such as no heads, makes dims wrong that are not.
        *(tuple(argument_problems(parsed.model)) or dims),
    )


@overload
def parse_config(
    config: Mapping[str, Any], *, names: RegisteredNames | None = None
) -> GraphClassificationConfig: ...
@overload
def parse_config(
    config: Mapping[str, Any], *, task: str, names: RegisteredNames | None = None
) -> TaskConfig: ...
def parse_config(
    config: Mapping[str, Any], *, task: str = GRAPH_CLASSIFICATION, names: RegisteredNames | None = None
) -> TaskConfig:
    """Return the typed config, of the class ``TASK_SCHEMAS[task].config``; its dims are checked as well.

    Raises:
        ConfigValueError: the first problem that ``find_problems`` finds.
    """
    for problem in find_problems(config, task=task, names=names):
        raise problem
    return _parsed(TASK_SCHEMAS[task].config, config, names)


def parse_as(schema: type[C], config: Mapping[str, Any], *, names: RegisteredNames | None = None) -> C:
    """Return the typed config of a task that is not in ``TASK_SCHEMAS``.

    Args:
        schema: the class of its config.
        config: the whole config, plain dicts and lists.
        names: as for ``find_problems``.

    Raises:
        ConfigValueError: the first key, type or name that is wrong, or shares of the data that exceed 1.
    """
    try:
        parsed = _parsed(schema, config, names)
    except ValidationError as error:
        raise _translated(error, schema)[0] from None
    for problem in _split_problems(parsed):
        raise problem
    return parsed


def parse_model(
    section: Any, *, task: str = GRAPH_CLASSIFICATION, names: RegisteredNames | None = None
) -> NetworkConfig:
    """Return the typed ``model`` section of a task's config; its dims are checked as well.

    Raises:
        ConfigValueError: the first problem of the section.
    """
    model = parse_shapes(section, task=task, names=names)
    for problem in dimension_problems(model):
        raise problem
    return model


def parse_shapes(
    section: Any, *, task: str = GRAPH_CLASSIFICATION, names: RegisteredNames | None = None
) -> NetworkConfig:
    """Return the typed ``model`` section of a task's config, whether or not its dims meet.

    Raises:
        ConfigValueError: the first key, type, name or argument that is wrong.
    """
    schema = TASK_SCHEMAS[task].config
    kind = schema.model_fields["model"].annotation
    if not (isinstance(kind, type) and issubclass(kind, NetworkConfig)):  # it is, in every task
        raise TypeError(kind)
    try:
        model = _parsed(kind, section, names)
    except ValidationError as error:
        raise _translated(error, schema, ("model",))[0] from None
    for problem in argument_problems(model):
        raise problem
    return model


def _parsed(kind: type[S], section: Any, names: RegisteredNames | None) -> S:
    """Return the typed section; ``names`` as for ``find_problems``.

    Raises:
        ValidationError: if anything is wrong with it.
    """
    try:
        return kind.model_validate(section, context=names)
    except ValidationError:
        # The installed packages are scanned only now: that takes longer than all else that is done here.
        if names is not None or installed_names() == RegisteredNames():
            raise
        return kind.model_validate(section, context=installed_names())


def drop_last_problem(section: str, size: int, batch_size: int) -> ConfigValueError:
    """Return the problem of a part of the data that is smaller than a batch, all of which are dropped."""
    return ConfigValueError(
        (section, "drop_last"),
        f"would drop every batch: {section} has {size} graphs, and {section}.batch_size is {batch_size}",
        f"set {section}.drop_last to false, or a smaller batch_size",
    )


def _part_problems(config: TaskConfig, num_graphs: int) -> Iterator[ConfigValueError]:
    ends = [round(share * num_graphs) for share in accumulate(config.shares.values())]
    for section, begin, end in zip(config.shares, [0, *ends], ends, strict=False):
        part = getattr(config, section)
        if not isinstance(part, LoaderConfig):
            continue  # a share of nodes: how many of these there are, the number of graphs does not tell
        if end <= begin:
            share = f"{section}.split is {part.split:g} of {num_graphs} graphs"
            yield ConfigValueError((section, "split"), f"must leave at least one graph: {share}")
        elif part.drop_last and end - begin < part.batch_size:
            yield drop_last_problem(section, end - begin, part.batch_size)


def _split_problems(config: TaskConfig) -> Iterator[ConfigValueError]:
    shares = config.shares
    total = sum(shares.values())
    # Shares are decimal fractions, so their sum may miss 1 by a rounding error.
    if total > 1 + 1e-9:
        shown = " + ".join(f"{name}.split {share:g}" for name, share in shares.items())
        yield ConfigValueError(
            ("training", "split"), f"the shares of the data must not exceed 1: {shown} = {total:g}"
        )


def _translated(
    error: ValidationError, schema: type[TaskConfig], root: Path = ()
) -> tuple[ConfigValueError, ...]:
    return tuple(_problem(detail, schema, root) for detail in error.errors(include_url=False))


def _problem(detail: ErrorDetails, schema: type[TaskConfig], root: Path) -> ConfigValueError:
    path: Path = (*root, *(part for part in detail["loc"] if part not in _MARKS))
    context = detail.get("ctx", {})
    if detail["type"] == "broken_rule":
        return ConfigValueError(path, context["message"], context["hint"])
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path, schema)
    if detail["type"] == "missing":
        return ConfigValueError(path, f"the key {path[-1]!r} is required, and is absent")
    if detail["type"] == "model_type":
        return ConfigValueError(path, f"must be a mapping, not {detail['input']!r}")
    if detail["type"] == "too_short":
        least = context["min_length"]
        return ConfigValueError(path, f"must have at least {least} item, not {context['actual_length']}")
    rule = detail["msg"].replace("Input should", "must").replace("a valid ", "a ")
    return ConfigValueError(path, f"{rule.replace('a integer', 'an integer')}, not {_shown(detail['input'])}")


# pydantic marks an error of a mapping's key by a last part "[key]"; the key itself stands before it.
_MARKS = frozenset({"[key]", ONE, SEVERAL})


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(path: Path, schema: type[TaskConfig]) -> ConfigValueError:
    section, key = _section_at(path[:-1], schema), str(path[-1])
    message = f"{format_path(path[:-1]) or 'the config'} has no key {path[-1]!r}"
    if key in section.why_absent:
        return ConfigValueError(path, f"{message}: {section.why_absent[key]}", "leave it out", is_key=True)
    others = SPELLINGS if issubclass(section, NetworkConfig) else {}
    known = [spelling for name in section.model_fields for spelling in others.get(name, (name,))]
    return ConfigValueError(path, message, did_you_mean(key, known), is_key=True)


def _section_at(path: Path, schema: type[TaskConfig]) -> type[Section]:
    """Return the schema of the section at ``path``."""
    section: type[Section] = schema
    fields = {spelling: name for name, spellings in SPELLINGS.items() for spelling in spellings}
    for part in path:
        if isinstance(part, int):
            continue
        annotation = section.model_fields[fields.get(part, part)].annotation
        candidates = (annotation, *get_args(annotation))
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, Section))
    return section
