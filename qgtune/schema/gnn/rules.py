"""What the sections of a config share: strict types, and names checked by tables."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo
from pydantic_core import PydanticCustomError

from qgtune.core.diagnostics import did_you_mean
from qgtune.schema.gnn.names import (
    ACTIVATIONS,
    LAYER_TYPES,
    LINEAR_KWARGS,
    METRICS,
    NORMALIZERS,
    POOLINGS,
    REGRESSION_METRICS,
    RegisteredNames,
)

ONE, SEVERAL = "[one]", "[several]"
"""What pydantic puts into the place of an error where a value is one name, or a list of them."""


def broken_rule(message: str, hint: str = "") -> PydanticCustomError:
    """Return the pydantic error that says ``message`` and carries message and hint apart in its context."""
    template = "{message} ({hint})" if hint else "{message}"
    return PydanticCustomError("broken_rule", template, {"message": message, "hint": hint})


def _registered(info: ValidationInfo) -> RegisteredNames:
    return info.context if isinstance(info.context, RegisteredNames) else RegisteredNames()


def _name_of(kind: str, known: Iterable[str], field: str) -> AfterValidator:
    """Return the check that a name is in ``known``, or registered under ``field`` of RegisteredNames."""

    def check(name: str, info: ValidationInfo) -> str:
        legal = {*known, *getattr(_registered(info), field)}
        # A metric of one target is named metric/target.
        if (name.partition("/")[0] if field == "metrics" else name) not in legal:
            raise broken_rule(f"no {kind} is named {name!r}", did_you_mean(name, legal))
        return name

    return AfterValidator(check)


def _keyword_of(kind: str, tables: Mapping[str, frozenset[str]], field: str) -> AfterValidator:
    """Return the check that some entry of a table takes a keyword argument.

    One that the chosen entry does not take is legal: entries share their kwargs in a search space. One that
    no entry takes is a slip. Nothing is known of what a user's own entries take.
    """

    def check(keyword: str, info: ValidationInfo) -> str:
        legal = frozenset().union(*tables.values())
        if keyword not in legal and not (field and getattr(_registered(info), field)):
            raise broken_rule(f"no {kind} takes an argument named {keyword!r}", did_you_mean(keyword, legal))
        return keyword

    return AfterValidator(check)


LayerType = Annotated[str, _name_of("layer type", LAYER_TYPES, "layer_types")]
Normalizer = Annotated[str, _name_of("normalizer", NORMALIZERS, "normalizers")]
Activation = Annotated[str, _name_of("activation", ACTIVATIONS, "activations")]
Pooling = Annotated[str, _name_of("pooling layer", POOLINGS, "poolings")]
PoolingLayer = Annotated[
    Annotated[Pooling, Tag(ONE)] | Annotated[list[Pooling], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(lambda value: SEVERAL if isinstance(value, list) else ONE),
]
MetricName = Annotated[str, _name_of("metric", METRICS, "metrics")]
RegressionMetricName = Annotated[str, _name_of("metric", REGRESSION_METRICS, "metrics")]
LayerKwargs = dict[Annotated[str, _keyword_of("layer type", LAYER_TYPES, "layer_types")], Any]
NormKwargs = dict[Annotated[str, _keyword_of("normalizer", NORMALIZERS, "normalizers")], Any]
ActivationKwargs = dict[Annotated[str, _keyword_of("activation", ACTIVATIONS, "activations")], Any]
LinearKwargs = dict[Annotated[str, _keyword_of("linear layer", {"": LINEAR_KWARGS}, "")], Any]
Dim = Annotated[int, Field(ge=1)]


def unit(name: str) -> dict[str, Any]:
    """Return the addition to a field's JSON schema that names the unit of its value."""
    return {"unit": name}


class Section(BaseModel):
    """A mapping of the config: frozen, strictly typed, without keys that nobody reads."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    why_absent: ClassVar[Mapping[str, str]] = {}
    """Key that sections like this one have elsewhere -> why it has no meaning here."""
