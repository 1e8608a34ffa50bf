"""The schema of the ``data:`` section of a tuning file: data sets that are made, and data sets on disk.

Nothing here imports torch: settings are checked, and facts of a data set read, in milliseconds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

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
StrictBool = Annotated[bool, Field(strict=True)]
FileName = Annotated[str, Field(strict=True, min_length=1)]
ClassCount = Annotated[int, Field(strict=True, ge=2, le=1_000_000)]
Dimension = Annotated[int, Field(strict=True, ge=2, le=6)]
Weight = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, gt=0, lt=1)]
Amount = Annotated[float, Field(strict=True, gt=0, le=10**9)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Intensity = Annotated[float, Field(strict=True, ge=0, lt=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    subset: Amount | None = Field(
        None,
        description="How much of the training graphs is trained on: a share of them (at most 1), or a number "
        "of graphs (2 or more), drawn by training.seed with each class in proportion. null takes all.",
    )

    @model_validator(mode="after")
    def _check_subset(self) -> Self:
        if self.subset is not None and self.subset > 1 and self.subset != int(self.subset):
            rule = f"must be a share up to 1 or a whole number of graphs, not {self.subset:g}"
            raise PydanticCustomError("broken_rule", "{rule}", {"at": ("subset",), "rule": rule})
        return self


class OwnSettings(_Settings):
    """What qgtune itself takes of the settings of a user's own data set."""

    name: FileName = Field(description="The factory, file.py:function, or a registered name.")


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


class _FileSettings(_Settings):
    num_classes: tuple[ClassCount, ...] | None = Field(
        None,
        min_length=1,
        description="Classes of each target, in the order of the entries of y: labels are 0 to one less, "
        "which is checked. null takes them from the greatest label that occurs.",
    )

    @property
    def num_graphs(self) -> None:
        """Graphs: not known before they are loaded."""
        return

    @property
    def target_names(self) -> tuple[str, ...] | None:
        """The names of the targets, if their number is given."""
        return None if self.num_classes is None else tuple(f"y{k}" for k in range(len(self.num_classes)))


class _GraphFileSettings(_FileSettings):
    num_node_features: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None, description="Columns of x, which is checked; null takes them as they are."
    )


class TorchFileSettings(_GraphFileSettings):
    """Settings of ``torch_file``: graphs of PyTorch Geometric in a file that ``torch.save`` wrote.

    Example:
        >>> TorchFileSettings(name="torch_file", path="graphs.pt").weights_only
        True
    """

    name: Literal["torch_file"] = Field(description="The name of the data set.")
    path: FileName = Field(
        description="The file: a list of PyG Data, or what InMemoryDataset.save or collate makes of one. "
        "A relative path starts from the folder of the tuning file."
    )
    weights_only: StrictBool = Field(
        True,
        description="As in torch.load: true reads tensors and PyG's own classes, and nothing that could run "
        "code. false runs whatever the file says: only for a file that you trust.",
    )


class PygSettings(_GraphFileSettings):
    """Settings of ``pyg``: a data set of PyTorch Geometric whose files are on disk. Nothing is downloaded.

    Example:
        >>> PygSettings(name="pyg", dataset="TUDataset", root="data", arguments={"name": "MUTAG"}).dataset
        'TUDataset'
    """

    name: Literal["pyg"] = Field(description="The name of the data set.")
    dataset: FileName = Field(
        description="The class, by its name in torch_geometric.datasets, such as TUDataset."
    )
    root: FileName = Field(
        description="The folder that the class is given as root: its raw or processed files are there. "
        "A relative path starts from the folder of the tuning file."
    )
    arguments: Mapping[str, Any] = Field(
        default_factory=dict,
        description="Other arguments of the class, by keyword, such as {name: MUTAG}.",
    )


class ZarrStoreSettings(_FileSettings):
    """Settings of ``zarr_store``: causal sets that QuantumGrav wrote, as arrays in zarr stores.

    Example:
        >>> ZarrStoreSettings(name="zarr_store", paths=("csets.zarr",), features=("in_degree",)).targets
        ('manifold_like',)
    """

    name: Literal["zarr_store"] = Field(description="The name of the data set.")
    paths: tuple[FileName, ...] = Field(
        min_length=1,
        description="The stores, folders in the format of zarr; their graphs follow each other. "
        "Relative paths start from the folder of the tuning file.",
    )
    features: tuple[FileName, ...] = Field(
        min_length=1,
        description="Arrays [graphs, nodes] with a node feature each, in the order of the columns of x.",
    )
    targets: tuple[FileName, ...] = Field(
        ("manifold_like",), min_length=1, description="Arrays [graphs] with the class of each graph."
    )
    group: FileName | None = Field(
        "adjacency_matrix", description="The group that holds the arrays; null if they are at the top."
    )
    transposed: StrictBool = Field(
        True,
        description="Whether entry [j, i] of the adjacency matrix is the edge from i to j, as Julia's arrays "
        "come out of zarr; false if it is [i, j].",
    )
    fill_nan: Finite | None = Field(
        None, description="What stands for NaN in features; 0.0 in QuantumGrav. null refuses NaN."
    )

    @property
    def num_node_features(self) -> int:
        """Columns of x."""
        return len(self.features)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of the targets, in the order of the columns of y."""
        return self.targets

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in ("paths", "features", "targets"):
            _require_unique(key, getattr(self, key))
        return self


MadeSettings: TypeAlias = CausalSetsSettings | DigitGraphsSettings
FileSettings: TypeAlias = TorchFileSettings | PygSettings | ZarrStoreSettings

DataSettings = Annotated[MadeSettings | FileSettings, Field(discriminator="name")]
"""The settings of any data set with a name of its own, told apart by ``name``."""

DATA_SETTINGS: Mapping[str, type[MadeSettings]] = MappingProxyType(
    {"causal_sets": CausalSetsSettings, "digit_graphs": DigitGraphsSettings}
)
"""The settings model of each data set that is made: its name alone is enough, and tells all facts of it."""

FILE_SETTINGS: Mapping[str, type[FileSettings]] = MappingProxyType(
    {"torch_file": TorchFileSettings, "pyg": PygSettings, "zarr_store": ZarrStoreSettings}
)
"""The settings model of each kind of data set on disk: what it holds shows when it is loaded."""


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
