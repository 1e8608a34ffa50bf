"""What is known of a data set before it is loaded, and whether a task takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.tuning import Tuning
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.schema.data import DATA_SETTINGS
from qgtune.schema.data_checks import find_data_problems, parse_data_settings, parse_file_settings
from qgtune.schema.data_on_disk import FILE_SETTINGS
from qgtune.schema.data_settings import Level, Predicts
from qgtune.schema.gnn import TASK_SCHEMAS, TaskSchema


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What is known of a data set from its settings alone; None where it is not."""

    num_node_features: int | None = None
    num_classes: tuple[int | None, ...] | None = None
    num_graphs: int | None = None
    target_names: tuple[str, ...] | None = None
    num_edge_features: int | None = None
    num_graph_features: int | None = None
    level: Level | None = None
    predicts: Predicts | None = None

    @property
    def are_complete(self) -> bool:
        """Whether loading the data set would tell nothing more."""
        return None not in (
            *(self.num_node_features, self.num_classes, self.num_graphs, self.target_names),
            *(self.num_edge_features, self.num_graph_features, self.level, self.predicts),
        )

    def for_schema(self) -> dict[str, Any]:
        """Return the facts that the schema of a config asks for."""
        return {
            "num_node_features": self.num_node_features,
            "num_classes": self.num_classes,
            "num_graphs": self.num_graphs,
            "num_edge_features": self.num_edge_features,
            "num_graph_features": self.num_graph_features,
        }

    def by_path(self) -> dict[Path, Any]:
        """Return the facts that references may read, by path: ``data.num_node_features`` and others."""
        # Values have no number of classes, so that nothing can follow it.
        known = () if self.predicts == "values" else self.num_classes or ()
        named = {
            "num_node_features": self.num_node_features,
            "num_edge_features": self.num_edge_features,
            "num_graph_features": self.num_graph_features,
            "num_classes": list(known) if len(known) > 1 else next(iter(known), None),
            "num_graphs": self.num_graphs,
        }
        return {("data", name): value for name, value in named.items() if value is not None}


def data_facts(tuning: Tuning) -> DataFacts:
    """Return what is known of the data set that a tuning file names, which may be nothing."""
    return facts_of(tuning.settings.data)


def facts_of(data: Mapping[str, Any] | None) -> DataFacts:
    """Return what is known of a data set from its settings, which may be nothing."""
    name = None if data is None else data.get("name")
    has_schema = isinstance(name, str) and name in {*DATA_SETTINGS, *FILE_SETTINGS}
    if data is None or not has_schema or find_data_problems(data):
        return DataFacts()
    parsed = parse_data_settings(data) if name in DATA_SETTINGS else parse_file_settings(data)
    return DataFacts(
        num_node_features=parsed.num_node_features,
        num_classes=parsed.num_classes,
        num_graphs=parsed.num_graphs,
        target_names=parsed.target_names,
        num_edge_features=parsed.num_edge_features,
        num_graph_features=parsed.num_graph_features,
        level=parsed.level,
        predicts=parsed.labels_are,
    )


def fit_problem(data: Mapping[str, Any], schema: TaskSchema, facts: DataFacts) -> ConfigValueError | None:
    """Return what is wrong with a data set whose labels are not such as the task wants."""
    name = f"data set {data.get('name')}"
    if facts.level not in (None, schema.level):
        message = f"{name} has a label for each {facts.level}, and the task {schema.name} wants one for each"
        message = f"{message} {schema.level}"
    elif facts.predicts not in (None, schema.predicts):
        message = (
            f"the labels of {name} are {facts.predicts}, and the task {schema.name} wants {schema.predicts}"
        )
    else:
        return None
    fitting = [
        name
        for name, other in TASK_SCHEMAS.items()
        if facts.level in (None, other.level) and facts.predicts in (None, other.predicts)
    ]
    hint = f"the task {' or '.join(fitting)} takes it" if fitting else "no built-in task takes it"
    return ConfigValueError(("data", "name"), message, hint)
