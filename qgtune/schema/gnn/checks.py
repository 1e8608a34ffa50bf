"""The problems of a graph classification config, each at the path of the value that causes it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.schema.gnn.dims import dimension_problems
from qgtune.schema.gnn.installed import installed_names
from qgtune.schema.gnn.model import BLOCKS_KEYS, ModelConfig
from qgtune.schema.gnn.names import RegisteredNames
from qgtune.schema.gnn.rules import ONE, SEVERAL
from qgtune.schema.gnn.training import GraphClassificationConfig

S = TypeVar("S", bound=BaseModel)


def find_problems(  # noqa: PLR0913 - one argument for each fact of the data set
    config: Mapping[str, Any],
    *,
    names: RegisteredNames | None = None,
    num_node_features: int | None = None,
    num_classes: Sequence[int] | None = None,
    num_graphs: int | None = None,
    num_edge_features: int | None = None,
) -> tuple[ConfigValueError, ...]:
    """Return everything that is wrong with a graph classification config; nothing means: it can be trained.

    Args:
        config: the whole config, plain dicts and lists.
        names: names that are legal besides the built-in ones; by default ``installed_names()``, which are
            looked up only where the built-in ones do not do.
        num_node_features: features of a node in the data set, if it is known.
        num_classes: the number of classes of each target of the data set, if it is known.
        num_graphs: graphs of the data set, if it is known.
        num_edge_features: features of an edge in the data set, 0 for none, if it is known.

    Returns:
        One error for each problem, not raised, in the order of the schema. Dims are looked at only where
        every key and type is right.

    Example:
        >>> [str(problem) for problem in find_problems({"model": 3, "training": {}, "validation": {}})]
        ['model: must be a mapping, not 3']
    """
    try:
        parsed = _parsed(GraphClassificationConfig, config, names)
    except ValidationError as error:
        return _translated(error)
    return (
        *_split_problems(parsed),
        *([] if num_graphs is None else _part_problems(parsed, num_graphs)),
        *dimension_problems(
            parsed.model,
            num_node_features=num_node_features,
            num_classes=num_classes,
            num_edge_features=num_edge_features,
        ),
    )


def parse_config(
    config: Mapping[str, Any], *, names: RegisteredNames | None = None
) -> GraphClassificationConfig:
    """Return the typed config; its dims are checked as well.

    Raises:
        ConfigValueError: the first problem that ``find_problems`` finds.
    """
    for problem in find_problems(config, names=names):
        raise problem
    return _parsed(GraphClassificationConfig, config, names)


def parse_model(section: Any, *, names: RegisteredNames | None = None) -> ModelConfig:
    """Return the typed ``model`` section; its dims are checked as well.

    Raises:
        ConfigValueError: the first problem of the section.
    """
    try:
        model = _parsed(ModelConfig, section, names)
    except ValidationError as error:
        raise _translated(error, ("model",))[0] from None
    for problem in dimension_problems(model):
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


def _shares(config: GraphClassificationConfig) -> dict[str, float]:
    shares = {"training": config.training.split, "validation": config.validation.split}
    return shares if config.testing is None else {**shares, "testing": config.testing.split}


def _part_problems(config: GraphClassificationConfig, num_graphs: int) -> Iterator[ConfigValueError]:
    ends = [round(share * num_graphs) for share in accumulate(_shares(config).values())]
    for section, begin, end in zip(_shares(config), [0, *ends], ends, strict=False):
        loader = getattr(config, section)
        if end <= begin:
            share = f"{section}.split is {loader.split:g} of {num_graphs} graphs"
            yield ConfigValueError((section, "split"), f"must leave at least one graph: {share}")
        elif loader.drop_last and end - begin < loader.batch_size:
            yield drop_last_problem(section, end - begin, loader.batch_size)


def _split_problems(config: GraphClassificationConfig) -> Iterator[ConfigValueError]:
    shares = _shares(config)
    total = sum(shares.values())
    # Shares are decimal fractions, so their sum may miss 1 by a rounding error.
    if total > 1 + 1e-9:
        shown = " + ".join(f"{name}.split {share:g}" for name, share in shares.items())
        yield ConfigValueError(
            ("training", "split"), f"the shares of the data must not exceed 1: {shown} = {total:g}"
        )


def _translated(error: ValidationError, root: Path = ()) -> tuple[ConfigValueError, ...]:
    return tuple(_problem(detail, root) for detail in error.errors(include_url=False))


def _problem(detail: ErrorDetails, root: Path) -> ConfigValueError:
    path: Path = (*root, *(part for part in detail["loc"] if part not in _MARKS))
    context = detail.get("ctx", {})
    if detail["type"] == "broken_rule":
        return ConfigValueError(path, context["message"], context["hint"])
    if detail["type"] == "extra_forbidden":
        fields = _fields_at(path[:-1])
        owner = format_path(path[:-1]) or "the config"
        hint = did_you_mean(str(path[-1]), fields)
        return ConfigValueError(path, f"{owner} has no key {path[-1]!r}", hint, is_key=True)
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


def _fields_at(path: Path) -> tuple[str, ...]:
    """Return the keys of the section at ``path``."""
    section: type[BaseModel] = GraphClassificationConfig
    for part in path:
        if isinstance(part, int):
            continue
        field = BLOCKS_KEYS[0] if part in BLOCKS_KEYS else part
        annotation = section.model_fields[field].annotation
        candidates = (annotation, *get_args(annotation))
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    others = BLOCKS_KEYS[1:] if section is ModelConfig else ()
    return (*section.model_fields, *others)
