"""One block of graph layers, as the config writes it."""

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from qgtune.schema.gnn.rules import (
    Activation,
    ActivationKwargs,
    LayerKwargs,
    LayerType,
    Normalizer,
    NormKwargs,
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
