"""The schema of the ``data:`` section of a tuning file: the built-in data sets and their settings.

Nothing here imports torch: settings are checked, and facts of a data set read, in milliseconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path

CausalFeature = Literal[
    "in_degree",
    "out_degree",
    "past_size",
    "future_size",
    "longest_past_chain",
    "longest_future_chain",
    "past_intervals_1",
    "future_intervals_1",
    "past_intervals_2",
    "future_intervals_2",
    "past_intervals_3",
    "future_intervals_3",
    "past_ordering_fraction",
    "future_ordering_fraction",
    "past_two_step_paths",
    "future_two_step_paths",
    "past_three_step_paths",
    "future_three_step_paths",
]
"""Node features of a causal set; ``qgtune.data.causal_features`` says what each one is."""

CausalTarget = Literal["manifold_like", "dimension"]
CausalFamily = Literal["kleitman_rothschild", "layered", "percolation", "rewired"]

DigitFeature = Literal[
    "intensity",
    "x",
    "y",
    "degree",
    "neighbor_mean",
    "neighbor_contrast",
    "gradient_x",
    "gradient_y",
]
"""Node features of a digit; ``qgtune.data.digit_graphs`` says what each one is."""

CAUSAL_FEATURES: tuple[CausalFeature, ...] = get_args(CausalFeature)
DEFAULT_CAUSAL_FEATURES: tuple[CausalFeature, ...] = CAUSAL_FEATURES[:12]
DIGIT_FEATURES: tuple[DigitFeature, ...] = get_args(DigitFeature)

# Half of the orders that are not manifold-like are nearly so: without them every net reaches 1.0.
DEFAULT_FAMILIES: Mapping[CausalFamily, float] = {
    "kleitman_rothschild": 0.12,
    "layered": 0.23,
    "percolation": 0.15,
    "rewired": 0.5,
}

# Strict: a config that says "0.5" or true where a number belongs is mistaken, and is told so.
StrictInt = Annotated[int, Field(strict=True)]
Dimension = Annotated[int, Field(strict=True, ge=2, le=6)]
Weight = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, gt=0, lt=1)]
Intensity = Annotated[float, Field(strict=True, ge=0, lt=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CausalSetsSettings(_Settings):
    """Settings of ``causal_sets``: sprinklings of Minkowski space against other partial orders.

    Example:
        >>> CausalSetsSettings(name="causal_sets", targets=("manifold_like", "dimension")).num_classes
        (2, 4)
    """

    name: Literal["causal_sets"] = Field(description="The name of the data set.")
    num_graphs: StrictInt = Field(2000, ge=2, le=1_000_000, description="How many causal sets to draw.")
    min_nodes: StrictInt = Field(50, ge=4, le=2000, description="Elements of the smallest causal set.")
    max_nodes: StrictInt = Field(200, ge=4, le=2000, description="Elements of the largest causal set.")
    dimensions: tuple[Dimension, ...] = Field(
        (2, 3, 4), min_length=1, description="Dimensions of the Minkowski spaces that are sprinkled into."
    )
    balance: Share = Field(0.5, description="Share of the causal sets that are manifold-like.")
    families: Mapping[CausalFamily, Weight] = Field(
        default_factory=lambda: dict(DEFAULT_FAMILIES),
        min_length=1,
        description="Families of orders that are not manifold-like, each with its relative weight.",
    )
    rewiring: tuple[Share, Share] = Field(
        (0.03, 0.25),
        description="Least and greatest share of links that a rewired sprinkling loses; less is harder.",
    )
    features: tuple[CausalFeature, ...] = Field(
        DEFAULT_CAUSAL_FEATURES, min_length=1, description="Node features, in the order of the columns of x."
    )
    targets: tuple[CausalTarget, ...] = Field(
        ("manifold_like",), min_length=1, description="What is to be told, in the order of the columns of y."
    )
    edges: Literal["both", "future"] = Field(
        "both", description="Each link in both directions, or only from past to future."
    )
    seed: StrictInt = Field(0, ge=0, le=2**63 - 1, description="Seed of the draw.")

    @property
    def num_node_features(self) -> int:
        """Columns of x."""
        return len(self.features)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of the targets, in the order of the columns of y."""
        return self.targets

    @property
    def num_classes(self) -> tuple[int, ...]:
        """Classes of each target; ``dimension`` has one more than there are dimensions: none."""
        return tuple(2 if target == "manifold_like" else 1 + len(self.dimensions) for target in self.targets)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in ("dimensions", "features", "targets"):
            _require_unique(key, getattr(self, key))
        _require_ordered("min_nodes", self.min_nodes, "max_nodes", self.max_nodes)
        _require_ordered("rewiring[0]", self.rewiring[0], "rewiring[1]", self.rewiring[1])
        return self


class DigitGraphsSettings(_Settings):
    """Settings of ``digit_graphs``: 1,797 scanned digits as graphs of pixels, ten classes.

    Example:
        >>> DigitGraphsSettings(name="digit_graphs", features=("intensity", "x", "y")).num_node_features
        3
    """

    name: Literal["digit_graphs"] = Field(description="The name of the data set.")
    features: tuple[DigitFeature, ...] = Field(
        DIGIT_FEATURES, min_length=1, description="Node features, in the order of the columns of x."
    )
    connectivity: Literal[4, 8] = Field(8, description="Neighbours of a pixel: by sides, or by corners too.")
    threshold: Intensity | None = Field(
        0.0, description="Pixels with a greater intensity (0 to 1) are nodes; null keeps all 64."
    )

    @property
    def num_node_features(self) -> int:
        """Columns of x."""
        return len(self.features)

    @property
    def num_graphs(self) -> int:
        """Graphs: one for each scanned digit."""
        return 1797

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of the targets: one, the digit."""
        return ("digit",)

    @property
    def num_classes(self) -> tuple[int, ...]:
        """Classes of each target: the ten digits."""
        return (10,)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _require_unique("features", self.features)
        return self


DataSettings = Annotated[CausalSetsSettings | DigitGraphsSettings, Field(discriminator="name")]
"""The settings of any built-in data set, told apart by ``name``."""

DATA_SETTINGS: Mapping[str, type[CausalSetsSettings | DigitGraphsSettings]] = MappingProxyType(
    {"causal_sets": CausalSetsSettings, "digit_graphs": DigitGraphsSettings}
)
"""The settings model of each built-in data set."""


def find_data_problems(
    settings: Any, *, path: Path = ("data",), other_names: Iterable[str] = ()
) -> tuple[ConfigValueError, ...]:
    """Return everything that is wrong with a ``data`` section; nothing means that it can be loaded.

    Settings of a user's own factory (``name: "file.py:factory"``, or a registered name) are the factory's
    business: of them only the name is looked at here.

    Args:
        settings: the section as a plain dict.
        path: where the section stands in the config.
        other_names: names of data sets that are legal besides the built-in ones.

    Returns:
        One error for each problem, not raised, in the order of the schema.

    Example:
        >>> [str(problem) for problem in find_data_problems({"name": "digit_graphs", "feature": ["x"]})]
        ["data.feature: digit_graphs has no setting 'feature' (did you mean 'features'?)"]
    """
    if not isinstance(settings, Mapping):
        return (ConfigValueError(path, f"must be a mapping with the key 'name', not {_shown(settings)}"),)
    known = sorted({*DATA_SETTINGS, *other_names})
    name = settings.get("name")
    if not isinstance(name, str):
        rule = (
            f"the key 'name' must name a data set, and is {_shown(name) if 'name' in settings else 'absent'}"
        )
        return (ConfigValueError((*path, "name"), rule, f"known: {', '.join(known)}, or file.py:factory"),)
    if name in DATA_SETTINGS:
        return tuple(_model_problems(DATA_SETTINGS[name], settings, path))
    if name in known or ":" in name:
        return ()
    return (ConfigValueError((*path, "name"), f"no data set is named {name!r}", did_you_mean(name, known)),)


def parse_data_settings(
    settings: Mapping[str, Any], *, path: Path = ("data",)
) -> CausalSetsSettings | DigitGraphsSettings:
    """Return the typed settings of a built-in data set, with its defaults filled in.

    Args:
        settings: the ``data`` section as a plain dict; its ``name`` is one of ``DATA_SETTINGS``.
        path: where the section stands in the config.

    Raises:
        ConfigValueError: the first problem that ``find_data_problems`` finds.

    Example:
        >>> parse_data_settings({"name": "causal_sets", "num_graphs": 100}).num_node_features
        12
    """
    for problem in find_data_problems(settings, path=path):
        raise problem
    return DATA_SETTINGS[settings["name"]].model_validate(dict(settings))


def _model_problems(
    model: type[BaseModel], settings: Mapping[str, Any], path: Path
) -> Iterator[ConfigValueError]:
    try:
        model.model_validate(dict(settings))
    except ValidationError as error:
        details = error.errors(include_url=False)
        wrong_within = {detail["loc"][:-1] for detail in details}
        for detail in details:
            # A list whose only entry is wrong is not also too short.
            if detail["type"] == "too_short" and detail["loc"] in wrong_within:
                continue
            yield _translated(model, settings["name"], detail, path)


def _translated(model: type[BaseModel], name: str, detail: ErrorDetails, path: Path) -> ConfigValueError:
    # pydantic marks an error of a mapping's key by a last part "[key]"; the key itself stands before it.
    where: Path = tuple(part for part in detail["loc"] if part != "[key]")
    context = detail.get("ctx", {})
    given = detail["input"]
    at = (*path, *where)
    match detail["type"]:
        case "broken_rule":
            return ConfigValueError((*path, *context["at"]), context["rule"])
        case "extra_forbidden":
            hint = did_you_mean(str(where[-1]), model.model_fields)
            return ConfigValueError(at, f"{name} has no setting {where[-1]!r}", hint, is_key=True)
        case "literal_error" if isinstance(given, str):
            kind = _KINDS.get(str(where[0]), f"value of {where[0]}")
            legal = map(str, _literals(model.model_fields[str(where[0])].annotation))
            return ConfigValueError(at, f"{name} has no {kind} {given!r}", did_you_mean(given, legal))
        case "missing":
            return ConfigValueError(at, f"{format_path(where[:-1])} must have an entry [{where[-1]}]")
    rule = detail["msg"].partition(" after validation")[0].partition(", unable")[0]
    for pydantic_says, we_say in _WORDS.items():
        rule = rule.replace(pydantic_says, we_say)
    return ConfigValueError(at, f"{rule}, not {_shown(given)}")


_WORDS = {
    "Input should": "must",
    "Tuple should": "must",
    "Dictionary should": "must",
    "a valid integer": "an integer",
    "a valid tuple": "a list",
    "a valid dictionary": "a mapping",
    "a valid ": "a ",
}
_KINDS = {"features": "node feature", "targets": "target", "families": "family of orders"}


def _literals(annotation: Any) -> tuple[Any, ...]:
    """Find the values of the first Literal in an annotation such as ``tuple[Literal["a", "b"], ...]``."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((found for part in get_args(annotation) if (found := _literals(part))), ())


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _require_unique(key: str, values: tuple[Any, ...]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise PydanticCustomError(
                "broken_rule",
                "{rule}",
                {"at": (key, index), "rule": f"each entry may stand once, and {value!r} stands twice"},
            )


def _require_ordered(low_key: str, low: float, high_key: str, high: float) -> None:
    if low > high:
        raise PydanticCustomError(
            "broken_rule",
            "{rule}",
            {
                "at": (low_key.partition("[")[0],),
                "rule": f"{low_key} must not exceed {high_key}: {low} > {high}",
            },
        )
