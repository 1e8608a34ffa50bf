"""docs/tasks.md says what the schemas of the tasks say."""

import pathlib

from qgtune.schema.gnn import TASK_SCHEMAS
from qgtune.schema.task_tables import table, with_tables

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "tasks.md"


def test_the_tables_of_the_page_are_those_that_the_schemas_give():
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page, "run python -m qgtune.schema.task_tables docs/tasks.md"


def test_every_key_of_every_task_is_in_a_table():
    page = PAGE.read_text(encoding="utf-8")
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
