"""The ``model`` section of a graph classification config: blocks of graph layers, pooling, classifier."""

from collections.abc import Mapping
from typing import Any

from pydantic import (
    AliasChoices,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from qgtune.schema.gnn.rules import (
    Activation,
    ActivationKwargs,
    Dim,
    LayerKwargs,
    LayerType,
    LinearKwargs,
    Normalizer,
    NormKwargs,
    PoolingLayer,
    Section,
    broken_rule,
    unit,
)


class GcnBlockConfig(Section):
    """One block of ``model.gcn_net``: layer, normalizer, activation, skip connection, dropout."""

    in_dim: int = Field(
        ge=1, description="Features of a node before the block.", json_schema_extra=unit("features")
    )
    out_dim: int = Field(
        ge=1,
        description="Features that the layer yields for a node; where heads are concatenated, for each head.",
        json_schema_extra=unit("features"),
    )
    dropout: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="Share of the features that are set to zero while training.",
        json_schema_extra=unit("share"),
    )
    gnn_layer_type: LayerType = Field(
        default="gcn",
        description="The graph layer: sage, gcn, gat, gatv2, gco, gin, graph_transformer or your own.",
    )
    normalizer: Normalizer = Field(
        default="identity",
        description="What normalizes the layer's output: batch_norm, layer_norm, graph_norm, identity.",
    )
    activation: Activation = Field(default="relu", description="The nonlinearity after the normalizer.")
    gnn_layer_args: list[Any] = Field(
        default_factory=list, description="Positional arguments of the layer after its two dims."
    )
    gnn_layer_kwargs: LayerKwargs = Field(
        default_factory=dict,
        description="Keyword arguments of the layer; those it does not take are dropped.",
    )
    heads: int | None = Field(
        default=None,
        ge=1,
        description="Heads of gat, gatv2 and graph_transformer; the same as gnn_layer_kwargs.heads.",
        json_schema_extra=unit("heads"),
    )
    norm_args: list[Any] = Field(
        default_factory=list,
        description="Positional arguments of the normalizer, first the number of features, its default.",
    )
    norm_kwargs: NormKwargs = Field(
        default_factory=dict,
        description="Keyword arguments of the normalizer; those it does not take are dropped.",
    )
    activation_kwargs: ActivationKwargs = Field(
        default_factory=dict,
        description="Keyword arguments of the activation; those it does not take are dropped.",
    )
    residual: bool | None = Field(
        default=None,
        description="Whether the block's input is added to its output, through a linear projection where "
        "their widths differ; null means yes.",
    )
    with_skip: bool | None = Field(default=None, description="Another name of residual.")

    @field_validator("gnn_layer_kwargs")
    @classmethod
    def _not_cached(cls, kwargs: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if info.data.get("gnn_layer_type") == "gcn" and kwargs.get("cached"):
            raise broken_rule("cached must be false: it keeps the edges of one batch for all the others")
        return kwargs

    @field_validator("heads")
    @classmethod
    def _heads_once(cls, heads: int | None, info: ValidationInfo) -> int | None:
        other = info.data.get("gnn_layer_kwargs", {}).get("heads", heads)
        if heads is not None and other != heads:
            raise broken_rule(f"heads is set twice, and differs: {heads} here, {other} in gnn_layer_kwargs")
        return heads

    @field_validator("with_skip")
    @classmethod
    def _skip_once(cls, with_skip: bool | None, info: ValidationInfo) -> bool | None:
        residual = info.data.get("residual")
        if None not in (with_skip, residual) and with_skip != residual:
            raise broken_rule(f"residual and with_skip mean the same: {residual} is not {with_skip}")
        return with_skip

    @property
    def has_residual(self) -> bool:
        """Whether the block's input is added to its output."""
        return self.residual is not False and self.with_skip is not False

    @property
    def layer_kwargs(self) -> dict[str, Any]:
        """The keyword arguments of the layer, heads included."""
        heads = {} if self.heads is None else {"heads": self.heads}
        return {**self.gnn_layer_kwargs, **heads}


class ClassifierConfig(Section):
    """The head of the model: hidden linear layers, then one linear output layer for each target."""

    input_dim: int = Field(
        ge=1,
        description="Features of a graph: what the last block yields, times the number of poolings.",
        json_schema_extra=unit("features"),
    )
    output_dims: list[Dim] = Field(
        min_length=1, description="The number of classes of each target.", json_schema_extra=unit("classes")
    )
    hidden_dims: list[Dim] = Field(
        default_factory=list,
        description="The width of each hidden layer.",
        json_schema_extra=unit("features"),
    )
    activation: Activation = Field(default="relu", description="The nonlinearity after each hidden layer.")
    backbone_kwargs: list[LinearKwargs] = Field(
        default_factory=list,
        validate_default=True,
        description="Keyword arguments of the hidden layers: one mapping for each, or one for all.",
    )
    output_kwargs: list[LinearKwargs] = Field(
        default_factory=list,
        validate_default=True,
        description="Keyword arguments of the output layers: one mapping for each, or one for all.",
    )
    activation_kwargs: list[ActivationKwargs] = Field(
        default_factory=list,
        validate_default=True,
        description="Keyword arguments of the activations: one mapping for each, or one for all.",
    )

    @field_validator("backbone_kwargs", "activation_kwargs")
    @classmethod
    def _one_per_hidden_layer(cls, items: list[Any], info: ValidationInfo) -> list[Any]:
        return _one_for_each(items, info.data.get("hidden_dims"), "hidden_dims")

    @field_validator("output_kwargs")
    @classmethod
    def _one_per_output(cls, items: list[Any], info: ValidationInfo) -> list[Any]:
        return _one_for_each(items, info.data.get("output_dims"), "output_dims")


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


BLOCKS_KEYS = ("gcn_net", "encoder")
"""The names of the section that lists the blocks of graph layers."""


def _either_spelling(schema: dict[str, Any]) -> None:
    """Let a JSON schema of the model take the blocks under either of their names."""
    first, *others = BLOCKS_KEYS
    schema["properties"].update(dict.fromkeys(others, schema["properties"][first]))
    schema["required"].remove(first)
    schema["oneOf"] = [{"required": [key]} for key in BLOCKS_KEYS]


class ModelConfig(Section):
    """The ``model`` section: graph layers, pooling, classifier."""

    name: str | None = Field(default=None, description="A name for people; nothing depends on it.")
    model_config = ConfigDict(json_schema_extra=_either_spelling)

    gcn_net: list[GcnBlockConfig] = Field(
        min_length=1,
        validation_alias=AliasChoices(*BLOCKS_KEYS),
        description="The blocks of graph layers, in order; encoder is another name of this section.",
    )
    pooling_layer: PoolingLayer = Field(
        default="mean",
        description="How the features of a graph's nodes are gathered: mean, max, sum, or a list of these, "
        "whose results stand side by side.",
    )
    classifier: ClassifierConfig = Field(description="The head of the model.")
    _blocks_key: str = PrivateAttr(default=BLOCKS_KEYS[0])

    @model_validator(mode="wrap")
    @classmethod
    def _one_spelling(cls, section: Any, parse: ModelWrapValidatorHandler["ModelConfig"]) -> "ModelConfig":
        spellings = [key for key in BLOCKS_KEYS if isinstance(section, Mapping) and key in section]
        if len(spellings) > 1:
            raise broken_rule("gcn_net and encoder are names of one section: only one of them can stand here")
        model = parse(section)
        if spellings:
            model._blocks_key = spellings[0]  # noqa: SLF001 - a validator stands in for the constructor
        return model

    @property
    def blocks_key(self) -> str:
        """The name by which the config calls the blocks: gcn_net or encoder."""
        return self._blocks_key

    @property
    def poolings(self) -> tuple[str, ...]:
        """The poolings whose results stand side by side; mostly one."""
        return (self.pooling_layer,) if isinstance(self.pooling_layer, str) else tuple(self.pooling_layer)
