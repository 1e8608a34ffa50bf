"""The linear layers behind the blocks: the head of a model, and the network of its graph features."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from qgtune.schema.gnn.rules import (
    Activation,
    ActivationKwargs,
    Dim,
    LinearKwargs,
    Section,
    broken_rule,
    unit,
)


def _one_for_each(items: list[Any], dims: list[int] | None, name: str) -> list[Any]:
    """Return one item for each of ``dims``, or the items as they are where ``dims`` are wrong themselves."""
    if dims is None or len(items) == len(dims):
        return items
    if len(items) > 1:
        raise broken_rule(
            f"must have one mapping for each of {name}, or one for all: "
            f"{len(items)} mappings, {len(dims)} {name} ({dims})"
        )
    return (items or [{}]) * len(dims)


def _one_per_hidden_layer(items: list[Any], info: ValidationInfo) -> list[Any]:
    return _one_for_each(items, info.data.get("hidden_dims"), "hidden_dims")


_HiddenDims = Annotated[
    list[Dim], Field(description="The width of each hidden layer.", json_schema_extra=unit("features"))
]
_HiddenActivation = Annotated[Activation, Field(description="The nonlinearity after each hidden layer.")]
_HiddenKwargs = Annotated[
    list[LinearKwargs],
    Field(description="Keyword arguments of the hidden layers: one mapping for each, or one for all."),
    AfterValidator(_one_per_hidden_layer),
]
_HiddenActivationKwargs = Annotated[
    list[ActivationKwargs],
    Field(description="Keyword arguments of the activations: one mapping for each, or one for all."),
    AfterValidator(_one_per_hidden_layer),
]


class ClassifierConfig(Section):
    """The head of the model: hidden linear layers, then one linear output layer for each target."""

    input_dim: int = Field(
        ge=1,
        description="Features of a graph: what the last block yields, times the number of poolings, plus "
        "graph_features_net.output_dim; of a node where nothing is pooled.",
        json_schema_extra=unit("features"),
    )
    output_dims: list[Dim] = Field(
        min_length=1, description="The number of classes of each target.", json_schema_extra=unit("classes")
    )
    hidden_dims: _HiddenDims = Field(default_factory=list)
    activation: _HiddenActivation = "relu"
    backbone_kwargs: _HiddenKwargs = Field(default_factory=list, validate_default=True)
    output_kwargs: list[LinearKwargs] = Field(
        default_factory=list,
        validate_default=True,
        description="Keyword arguments of the output layers: one mapping for each, or one for all.",
    )
    activation_kwargs: _HiddenActivationKwargs = Field(default_factory=list, validate_default=True)

    @field_validator("output_kwargs")
    @classmethod
    def _one_per_output(cls, items: list[Any], info: ValidationInfo) -> list[Any]:
        return _one_for_each(items, info.data.get("output_dims"), "output_dims")


class RegressionHeadConfig(ClassifierConfig):
    """The head of a model that predicts one number for each target."""

    output_dims: list[Dim] = Field(
        min_length=1,
        description="1 for each target: a target of a regression is one number.",
        json_schema_extra=unit("numbers"),
    )

    @field_validator("output_dims")
    @classmethod
    def _numbers(cls, dims: list[int]) -> list[int]:
        if any(dim != 1 for dim in dims):
            shown = [1] * len(dims)
            raise broken_rule(f"must be 1 for each target, which is one number: {dims} is not {shown}")
        return dims


class GraphFeaturesNetConfig(Section):
    """The network of a graph's own features: hidden linear layers, then a linear output layer.

    What it yields stands beside the pooled features of the nodes, and both go into the head.
    """

    input_dim: int = Field(
        ge=1,
        description="Features of a graph in the data set.",
        json_schema_extra=unit("features"),
    )
    output_dim: int = Field(
        ge=1,
        description="Features that stand beside the pooled ones.",
        json_schema_extra=unit("features"),
    )
    hidden_dims: _HiddenDims = Field(default_factory=list)
    activation: _HiddenActivation = "relu"
    backbone_kwargs: _HiddenKwargs = Field(default_factory=list, validate_default=True)
    output_kwargs: LinearKwargs = Field(
        default_factory=dict, description="Keyword arguments of the output layer."
    )
    activation_kwargs: _HiddenActivationKwargs = Field(default_factory=list, validate_default=True)
