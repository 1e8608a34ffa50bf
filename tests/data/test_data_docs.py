"""The page on data holds every data set and every setting."""

import re
from pathlib import Path

import pytest

from qgtune.schema.data import DATA_SETTINGS
from qgtune.schema.data_on_disk import FILE_SETTINGS

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
MODELS = {**DATA_SETTINGS, **FILE_SETTINGS}


def named_in_tables(text):
    """Return all names that stand in the first two cells of a table's row."""
    cells = [" ".join(line.split("|")[1:3]) for line in text.splitlines() if line.startswith("|")]
    return set(re.findall(r"`([\w.:]+)`", " ".join(cells)))


@pytest.mark.parametrize("name", MODELS)
def test_every_setting_of_a_data_set_stands_in_a_table(name):
    _, found, own = PAGE.partition(f"\n### {name}\n")
    table = re.split(r"\n##", own)[0] if found else PAGE.partition("## Data on disk")[2]
    assert set(MODELS[name].model_fields) - {"name", "subset"} <= named_in_tables(table)
    assert {name, "subset"} <= named_in_tables(PAGE)


def test_every_default_of_a_number_is_the_one_that_the_page_says():
    causal = MODELS["causal_sets"](name="causal_sets")
    for key in ("num_graphs", "balance", "seed"):
        table = PAGE.partition("\n### causal_sets\n")[2].partition("\n##")[0]
        [row] = [line for line in table.splitlines() if line.startswith(f"| `{key}` |")]
        assert row.split("|")[-2].strip() == str(getattr(causal, key))
