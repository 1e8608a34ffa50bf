"""The settings of data sets on disk: what they hold shows when they are loaded."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from qgtune.schema.data_settings import (
    ClassCount,
    DatasetSettings,
    FileName,
    Finite,
    Level,
    OfPlainGraphs,
    Predicts,
    StrictBool,
    StrictInt,
    broken_rule,
    require_unique,
)


class _FileSettings(DatasetSettings):
    num_classes: tuple[ClassCount, ...] | None = Field(
        None,
        min_length=1,
        description="Classes of each target, in the order of the entries of y: labels are 0 to one less, "
        "which is checked. null takes them from the greatest label that occurs.",
    )
    predicts: Predicts | None = Field(
        None,
        description="What labels are: classes, whole numbers from 0, or values. null takes integers for "
        "classes, and floating point for values unless num_classes is given.",
    )

    @property
    def labels_are(self) -> Predicts | None:
        """What labels are taken for, as far as the settings say."""
        return "classes" if self.num_classes is not None else self.predicts

    @model_validator(mode="after")
    def _check_predicts(self) -> Self:
        if self.num_classes is not None and self.predicts == "values":
            rule = "values have no classes: leave out num_classes, or write predicts: classes"
            raise broken_rule(("num_classes",), rule)
        return self

    @property
    def num_graphs(self) -> None:
        """Graphs: not known before they are loaded."""
        return

    @property
    def num_edge_features(self) -> int | None:
        """Columns of edge_attr: not known before they are loaded."""
        return None

    @property
    def num_graph_features(self) -> int | None:
        """Columns of graph_features: not known before they are loaded."""
        return None

    @property
    def target_names(self) -> tuple[str, ...] | None:
        """The names of the targets, if their number is given."""
        return None if self.num_classes is None else tuple(f"y{k}" for k in range(len(self.num_classes)))


class _GraphFileSettings(_FileSettings):
    num_node_features: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None, description="Columns of x, which is checked; null takes them as they are."
    )
    level: Level | None = Field(
        None,
        description="What y labels: each graph, or each node. null tells it from the shapes, and refuses to "
        "guess where both fit.",
    )
    masks: StrictBool = Field(
        True,
        description="Where nodes are labelled: whether train_mask, val_mask and test_mask say the parts; "
        "false splits by the shares of the training, validation and testing sections.",
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
    """Settings of ``pyg``: a data set of PyTorch Geometric, generated or from files; nothing is downloaded.

    Example:
        >>> PygSettings(name="pyg", dataset="TUDataset", root="data", arguments={"name": "MUTAG"}).dataset
        'TUDataset'
    """

    name: Literal["pyg"] = Field(description="The name of the data set.")
    dataset: FileName = Field(
        description="The class, by its name in torch_geometric.datasets, such as TUDataset."
    )
    root: FileName | None = Field(
        None,
        description="The folder that the class is given as root: its raw or processed files are there. "
        "A relative path starts from the folder of the tuning file. null for a class that generates its "
        "graphs, such as BAShapes.",
    )
    arguments: Mapping[str, Any] = Field(
        default_factory=dict,
        description="Other arguments of the class, by keyword, such as {name: MUTAG}.",
    )
    seed: StrictInt = Field(
        0, ge=0, le=2**32 - 1, description="Seed of what a class generates; files do not depend on it."
    )


class ZarrStoreSettings(OfPlainGraphs, _FileSettings):
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
        ("manifold_like",),
        min_length=1,
        description="Arrays [graphs] with the class or the value of each graph.",
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
            require_unique(key, getattr(self, key))
        return self


FileSettings: TypeAlias = TorchFileSettings | PygSettings | ZarrStoreSettings

FILE_SETTINGS: Mapping[str, type[FileSettings]] = MappingProxyType(
    {"torch_file": TorchFileSettings, "pyg": PygSettings, "zarr_store": ZarrStoreSettings}
)
"""The settings model of each kind of data set on disk: what it holds shows when it is loaded."""
