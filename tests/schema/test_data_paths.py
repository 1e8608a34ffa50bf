"""Relative paths of a data set's settings lead to the same files from wherever they are written."""

from pathlib import Path

import pytest

from qgtune.schema.data_paths import rebased_data


@pytest.mark.parametrize(
    ("data", "moved"),
    [
        ({"name": "torch_file", "path": "graphs.pt"}, {"path": "../../graphs.pt"}),
        ({"name": "pyg", "root": "tu", "dataset": "TUDataset"}, {"root": "../../tu"}),
        ({"name": "zarr_store", "paths": ["a.zarr", "/b.zarr"]}, {"paths": ["../../a.zarr", "/b.zarr"]}),
        ({"name": "torch_file", "path": "~/graphs.pt"}, {}),
        ({"name": "make.py:graphs", "path": "graphs.pt"}, {"name": "../../make.py:graphs"}),
        ({"name": "package.module:graphs"}, {}),
        ({"name": "causal_sets", "num_graphs": 20}, {}),
    ],
)
def test_only_what_qgtune_takes_for_a_path_is_rebased(data, moved):
    """Paths of data sets on disk and the file of a factory move; absolute ones and others' settings stay."""
    assert rebased_data(data, Path("/project"), Path("/project/runs/x")) == {**data, **moved}


def test_rebasing_there_and_back_changes_nothing():
    """A section that is carried to another folder and back is what it was."""
    data = {"name": "torch_file", "path": "data/graphs.pt"}
    there = rebased_data(data, Path("/a/b"), Path("/c"))
    assert rebased_data(there, Path("/c"), Path("/a/b")) == data
