"""docs/tasks.md and docs/tuning.md say what the schemas say."""

import pathlib
import re

import pytest

from qgtune.schema.gnn import TASK_SCHEMAS
from qgtune.schema.page_tables import table, with_tables
from qgtune.schema.tuning import TuningSettings, key_spellings

DOCS = pathlib.Path(__file__).parents[2] / "docs"
TASKS, TUNING = DOCS / "tasks.md", DOCS / "tuning.md"


@pytest.mark.parametrize("path", [TASKS, TUNING], ids=lambda path: path.name)
def test_the_tables_of_a_page_are_those_that_the_schemas_give(path):
    page = path.read_text(encoding="utf-8")
    assert with_tables(page) == page, f"run python -m qgtune.schema.page_tables docs/{path.name}"


def test_every_key_of_a_tuning_file_is_in_one_table():
    marks = re.findall(r"<!-- table: tuning ([^>]*) -->", TUNING.read_text(encoding="utf-8"))
    shown = " ".join(marks).split()
    first = [key_spellings(field)[0] for field in TuningSettings.model_fields]
    assert sorted(shown) == sorted(first), "name each key in the comment above a table, then make the tables"


def test_a_row_of_a_tuning_key_tells_its_other_names_its_range_and_its_default():
    rows = table("tuning dependency_mapping_path n_processes").splitlines()
    assert rows[2].endswith("; also `dependency_map_path`, `depmap_path` | text |  |")
    assert (
        rows[3]
        == "| `n_processes` | Worker processes that share the trials | whole number ≥ 1, ≤ 4096 | `1` |"
    )


def test_every_key_of_every_task_is_in_a_table():
    page = TASKS.read_text(encoding="utf-8")
    for schema in TASK_SCHEMAS.values():
        for section in ("model", "training", "validation"):
            for key in schema.config.model_fields[section].annotation.model_fields:
                assert f"| `{key}` |" in page, (schema.name, key)


def test_a_row_tells_meaning_values_unit_and_default():
    rows = table("graph_classification training").splitlines()
    assert "| `clip_grad_norm` | The largest norm that the gradients together may have; null: any |" in next(
        row for row in rows if "clip_grad_norm" in row
    )
    [row] = [row for row in rows if row.startswith("| `split` |")]
    assert row == "| `split` | Share of the data set's graphs | number > 0, < 1 | share | `0.8` |"
