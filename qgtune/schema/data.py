"""The schema of the ``data:`` section of a tuning file: data sets that are made, and data sets on disk.

Nothing here imports torch: settings are checked, and facts of a data set read, in milliseconds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import Field, model_validator

from qgtune.schema.data_on_disk import FileSettings
from qgtune.schema.data_settings import (
    DatasetSettings,
    Dimension,
    FileName,
    Intensity,
    Level,
    MadeDatasetSettings,
    Predicts,
    Share,
    StrictInt,
    Weight,
    broken_rule,
    require_ordered,
    require_unique,
)

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

CausalGraphFeature = Literal["num_elements", "num_links", "longest_chain", "ordering_fraction"]
"""Features of a whole causal set; ``qgtune.data.causal_features`` says what each one is."""

CausalTarget = Literal["manifold_like", "dimension", "width"]
CausalValue = Literal["width"]
"""Targets that are values to be predicted, not classes."""

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

DigitEdgeFeature = Literal["distance", "contrast"]
"""Features of an edge of a digit; ``qgtune.data.digit_graphs`` says what each one is."""

CAUSAL_FEATURES: tuple[CausalFeature, ...] = get_args(CausalFeature)
DEFAULT_CAUSAL_FEATURES: tuple[CausalFeature, ...] = CAUSAL_FEATURES[:12]
VALUES: tuple[CausalValue, ...] = get_args(CausalValue)
DIGIT_FEATURES: tuple[DigitFeature, ...] = get_args(DigitFeature)

# Half of the orders that are not manifold-like are nearly so: without them every net reaches 1.0.
DEFAULT_FAMILIES: Mapping[CausalFamily, float] = {
    "kleitman_rothschild": 0.12,
    "layered": 0.23,
    "percolation": 0.15,
    "rewired": 0.5,
}


class OwnSettings(DatasetSettings):
    """What qgtune itself takes of the settings of a user's own data set."""

    name: FileName = Field(description="The factory, file.py:function, or a registered name.")


class CausalSetsSettings(MadeDatasetSettings):
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
        ("manifold_like",),
        min_length=1,
        description="What is to be told, in the order of the columns of y: classes (manifold_like, "
        "dimension) or values (width), not both.",
    )
    graph_features: tuple[CausalGraphFeature, ...] = Field(
        (), description="Features of the whole causal set, in the order of the columns of graph_features."
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
    def num_classes(self) -> tuple[int | None, ...]:
        """Classes of each target; ``dimension`` has one more than there are dimensions: none."""
        classes = {"manifold_like": 2, "dimension": 1 + len(self.dimensions)}
        return tuple(classes.get(target) for target in self.targets)

    @property
    def labels_are(self) -> Predicts:
        """Whether the targets are classes or values."""
        return "values" if self.num_classes[0] is None else "classes"

    @property
    def num_graph_features(self) -> int:
        """Columns of graph_features, 0 if there are none."""
        return len(self.graph_features)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in ("dimensions", "features", "targets", "graph_features"):
            require_unique(key, getattr(self, key))
        for index, target in enumerate(self.targets):
            if (target in VALUES) != (self.targets[0] in VALUES):
                kinds = ("a class", "a value")
                first, other = self.targets[0], target
                rule = (
                    f"targets must be all classes or all values: {first!r} is {kinds[first in VALUES]}, "
                    f"{other!r} {kinds[other in VALUES]}"
                )
                raise broken_rule(("targets", index), rule)
        require_ordered("min_nodes", self.min_nodes, "max_nodes", self.max_nodes)
        require_ordered("rewiring[0]", self.rewiring[0], "rewiring[1]", self.rewiring[1])
        return self


class DigitGraphsSettings(MadeDatasetSettings):
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
    edge_features: tuple[DigitEdgeFeature, ...] = Field(
        (), description="Features of the edges, in the order of the columns of edge_attr."
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

    @property
    def num_edge_features(self) -> int:
        """Columns of edge_attr, 0 if there are none."""
        return len(self.edge_features)

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("features", self.features)
        require_unique("edge_features", self.edge_features)
        return self


class KarateClubSettings(MadeDatasetSettings):
    """Settings of ``karate_club``: one graph of 34 people; each node has a label.

    Example:
        >>> KarateClubSettings(name="karate_club", target="club").num_classes
        (2,)
    """

    name: Literal["karate_club"] = Field(description="The name of the data set.")
    target: Literal["community", "club"] = Field(
        "community",
        description="What is to be told of each person: which of four communities, or which club.",
    )

    @property
    def num_node_features(self) -> int:
        """Columns of x: one for each person."""
        return 34

    @property
    def num_graphs(self) -> int:
        """Graphs: one."""
        return 1

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of the targets: one."""
        return (self.target,)

    @property
    def num_classes(self) -> tuple[int, ...]:
        """Classes of each target."""
        return (4 if self.target == "community" else 2,)

    @property
    def level(self) -> Level:
        """What has a label: each node."""
        return "node"


MadeSettings: TypeAlias = CausalSetsSettings | DigitGraphsSettings | KarateClubSettings

DataSettings = Annotated[MadeSettings | FileSettings, Field(discriminator="name")]
"""The settings of any data set with a name of its own, told apart by ``name``."""

DATA_SETTINGS: Mapping[str, type[MadeSettings]] = MappingProxyType(
    {
        "causal_sets": CausalSetsSettings,
        "digit_graphs": DigitGraphsSettings,
        "karate_club": KarateClubSettings,
    }
)
"""The settings model of each data set that is made: its name alone is enough, and tells all facts of it."""
