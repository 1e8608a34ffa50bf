"""docs/architecture.md tells of every room of the house, and of no other."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (`[^|]*`) \| ([^|]*) \|", PAGE, re.MULTILINE))


def parts_of(folder):
    """Return the names of the packages and modules of a folder that others may import."""
    inside = [path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    return {path.stem for path in inside if not path.stem.startswith("_")}


def test_the_table_of_rooms_lists_each_package_and_module_of_qgtune_once():
    listed = [room for cell in ROWS for room in re.findall(r"`(\w+)`", cell)]
    assert sorted(listed) == sorted(parts_of(ROOT / "qgtune"))


def test_the_rooms_within_study_are_those_that_the_table_names():
    packages = {path.parent.name for path in (ROOT / "qgtune" / "study").glob("*/__init__.py")}
    assert set(re.findall(r"`(\w+)`", ROWS["`study`"])) == packages
