"""The ``model`` section of a config: blocks of graph layers, pooling, graph features, head."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import (
    AliasChoices,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)

from qgtune.schema.gnn.blocks import GcnBlockConfig
from qgtune.schema.gnn.heads import ClassifierConfig, GraphFeaturesNetConfig, RegressionHeadConfig
from qgtune.schema.gnn.rules import PoolingLayer, Section, broken_rule

BLOCKS_KEYS = ("gcn_net", "encoder")
"""The names of the section that lists the blocks of graph layers."""

HEAD_KEYS = ("classifier", "head")
"""The names of the section that describes the head."""

SPELLINGS: Mapping[str, tuple[str, ...]] = {"gcn_net": BLOCKS_KEYS, "classifier": HEAD_KEYS}
"""Field of the ``model`` section -> the keys by which a config may call it."""


def _either_spelling(schema: dict[str, Any]) -> None:
    """Let a JSON schema of the model take each section under exactly one of its names."""
    for spellings in SPELLINGS.values():
        first, *others = spellings
        schema["properties"].update(dict.fromkeys(others, schema["properties"][first]))
        schema["required"].remove(first)
    schema["allOf"] = [
        {"oneOf": [{"required": [key]} for key in spellings]} for spellings in SPELLINGS.values()
    ]


class NetworkConfig(Section):
    """What the ``model`` sections of all tasks have: blocks of graph layers, and a head."""

    model_config = ConfigDict(json_schema_extra=_either_spelling)

    name: str | None = Field(default=None, description="A name for people; nothing depends on it.")
    gcn_net: list[GcnBlockConfig] = Field(
        min_length=1,
        validation_alias=AliasChoices(*BLOCKS_KEYS),
        description="The blocks of graph layers, in order; encoder is another name of this section.",
    )
    classifier: ClassifierConfig = Field(
        validation_alias=AliasChoices(*HEAD_KEYS),
        description="The head of the model; head is another name of this section.",
    )
    _keys: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _one_spelling(
        cls, section: Any, parse: ModelWrapValidatorHandler["NetworkConfig"]
    ) -> "NetworkConfig":
        found: dict[str, str] = {}
        for name, spellings in SPELLINGS.items():
            written = [key for key in spellings if isinstance(section, Mapping) and key in section]
            if len(written) > 1:
                both = " and ".join(written)
                raise broken_rule(f"{both} are names of one section: only one of them can stand here")
            found.update(dict.fromkeys([name], written[0]) if written else {})
        model = parse(section)
        model._keys.update(found)  # noqa: SLF001 - a validator stands in for the constructor
        return model

    @property
    def blocks_key(self) -> str:
        """The name by which the config calls the blocks: gcn_net or encoder."""
        return self._keys.get("gcn_net", BLOCKS_KEYS[0])

    @property
    def head_key(self) -> str:
        """The name by which the config calls the head: classifier or head."""
        return self._keys.get("classifier", HEAD_KEYS[0])

    @property
    def pooling(self) -> str | Sequence[str] | None:
        """The pooling, or the list of them, as the config writes it; None where nothing is pooled."""
        return None

    @property
    def poolings(self) -> tuple[str, ...]:
        """The poolings whose results stand side by side; mostly one, none where nothing is pooled."""
        pooling = self.pooling
        return () if pooling is None else (pooling,) if isinstance(pooling, str) else tuple(pooling)

    @property
    def features_net(self) -> GraphFeaturesNetConfig | None:
        """The network of the graphs' own features, or None if there is none."""
        return None


class ModelConfig(NetworkConfig):
    """The ``model`` section of a task on graphs: graph layers, pooling, graph features, head."""

    pooling_layer: PoolingLayer = Field(
        default="mean",
        description="How the features of a graph's nodes are gathered: mean, max, sum, or a list of these, "
        "whose results stand side by side.",
    )
    graph_features_net: GraphFeaturesNetConfig | None = Field(
        default=None,
        description="A network for the features that the data set has of each graph; null: it uses none.",
    )

    @property
    def pooling(self) -> str | Sequence[str] | None:
        """The pooling, or the list of them, as the config writes it."""
        return self.pooling_layer

    @property
    def features_net(self) -> GraphFeaturesNetConfig | None:
        """The network of the graphs' own features, or None if there is none."""
        return self.graph_features_net


class RegressionModelConfig(ModelConfig):
    """The ``model`` section of a regression: every output is one number."""

    classifier: RegressionHeadConfig = Field(
        validation_alias=AliasChoices(*HEAD_KEYS),
        description="The head of the model; head is another name of this section.",
    )


class NodeModelConfig(NetworkConfig):
    """The ``model`` section of a task on nodes: graph layers and a head, which is given each node."""

    why_absent: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("pooling_layer", "graph_features_net"),
        "node_classification predicts the class of each node, so that nothing is pooled",
    )
