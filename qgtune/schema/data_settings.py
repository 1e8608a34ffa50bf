"""What the settings of all data sets share: their terms, their numbers, and ``subset``."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Level = Literal["graph", "node"]
"""What has a label: each graph, or each node."""
Predicts = Literal["classes", "values"]
"""What a label is: a class, or a number."""

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


class DatasetSettings(BaseModel):
    """What every data set takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subset: Amount | None = Field(
        None,
        description="How much of the training graphs is trained on: a share of them (at most 1), or a number "
        "of graphs (2 or more), drawn by training.seed with each class in proportion; of nodes, where nodes "
        "are labelled. null takes all.",
    )

    @model_validator(mode="after")
    def _check_subset(self) -> Self:
        if self.subset is not None and self.subset > 1 and self.subset != int(self.subset):
            rule = f"must be a share up to 1 or a whole number of graphs, not {self.subset:g}"
            raise broken_rule(("subset",), rule)
        return self


class OfPlainGraphs:
    """Mixed into the settings of graphs that have a label each, and no features but those of their nodes."""

    @property
    def level(self) -> Level:
        """What has a label: each graph."""
        return "graph"

    @property
    def num_edge_features(self) -> int:
        """Columns of edge_attr: edges have no features."""
        return 0

    @property
    def num_graph_features(self) -> int:
        """Columns of graph_features: graphs have none."""
        return 0


class MadeDatasetSettings(OfPlainGraphs, DatasetSettings):
    """What is known of a data set that is made, unless its own settings say otherwise."""

    @property
    def labels_are(self) -> Predicts:
        """Whether the targets are classes or values."""
        return "classes"


def broken_rule(at: tuple[str | int, ...], rule: str) -> PydanticCustomError:
    """Return the error of a rule that pydantic does not know, at a path below the section."""
    return PydanticCustomError("broken_rule", "{rule}", {"at": at, "rule": rule})


def require_unique(key: str, values: tuple[Any, ...]) -> None:
    """Raise at the second of two equal entries of a list."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise broken_rule((key, index), f"each entry may stand once, and {value!r} stands twice")


def require_ordered(low_key: str, low: float, high_key: str, high: float) -> None:
    """Raise at the lower of two bounds if it exceeds the other."""
    if low > high:
        raise broken_rule(
            (low_key.partition("[")[0],), f"{low_key} must not exceed {high_key}: {low} > {high}"
        )
