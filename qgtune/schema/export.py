"""The JSON Schemas of the files that qgtune reads and writes: ``python -m qgtune.schema.export schemas``.

They are for editors and for other programs; ``schemas/`` holds them, and a test holds it equal to this code.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from qgtune.schema.data import DataSettings
from qgtune.schema.dependency_map import dependency_map_schema
from qgtune.schema.gnn import TASK_SCHEMAS
from qgtune.schema.identity import identity
from qgtune.schema.outputs import (
    BestParams,
    RunConfig,
    ShownTrial,
    StudyStatus,
    StudySummary,
    TrainingMetrics,
    WrittenFiles,
)
from qgtune.schema.search_space import search_space_schema
from qgtune.schema.tuning import TuningSettings, key_spellings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""What pydantic writes; the search space and the dependency map are of draft 7."""


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by the name of its file."""
    return {
        "tuning.schema.json": _named(_with_spellings(TuningSettings), "tuning", "A tuning file of qgtune"),
        "search_space.schema.json": search_space_schema(),
        "dependency_map.schema.json": dependency_map_schema(),
        **{
            f"{task}.schema.json": _named(
                schema.config.model_json_schema(), task.replace("_", "-"), f"A config of the task {task}"
            )
            for task, schema in TASK_SCHEMAS.items()
        },
        "data.schema.json": _named(
            {
                "description": "A built-in data set, by its name, and its settings.",
                **TypeAdapter[Any](DataSettings).json_schema(),
            },
            "data",
            "The data section of a tuning file of qgtune",
        ),
        "best_params.schema.json": _output(BestParams, "best-params", "best_params.json of a run"),
        "study_summary.schema.json": _output(StudySummary, "study-summary", "study_summary.json of a run"),
        "config.schema.json": _output(RunConfig, "config", "config.json of a run"),
        "metrics.schema.json": _output(TrainingMetrics, "metrics", "metrics.json of a training"),
        "written_files.schema.json": _output(
            WrittenFiles, "written-files", "The hidden file .qgtune-outputs.json of an output folder"
        ),
        "study_status.schema.json": _output(
            StudyStatus, "study-status", "What qgtune status --format json prints"
        ),
        "trial.schema.json": _output(ShownTrial, "trial", "What qgtune show --format json prints"),
    }


def _output(model: type[BaseModel], name: str, title: str) -> dict[str, Any]:
    return _named(model.model_json_schema(mode="serialization"), name, title)


def _with_spellings(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's schema with every spelling of every key."""
    schema = model.model_json_schema()
    by_first = {key_spellings(field)[0]: key_spellings(field) for field in model.model_fields}
    schema["properties"] = {
        spelling: definition
        for name, definition in schema["properties"].items()
        for spelling in by_first.get(name, (name,))
    }
    return schema


def _named(schema: dict[str, Any], name: str, title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, **identity(name), **schema, "title": title}


def schema_text(schema: dict[str, Any]) -> str:
    """Return the text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write every schema into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(schema_text(schema), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
