"""Where a script gets its graphs: they are those that qgtune trains on."""

import runpy
import sys

import pytest
import torch
from exported_configs import OWN_FUNCTION, write_data
from torch_geometric.data import InMemoryDataset

from qgtune.compiler.runnable import read_runnable
from qgtune.data import load_dataset
from qgtune.script_export import export_script

WITH_QGTUNE = '''\
"""Graphs by a function that cannot be called without qgtune."""

from make import paths as plain

from qgtune.data import dataset_from_graphs


def paths(count):
    """Return the paths as a data set."""
    return dataset_from_graphs(plain(count), name="paths")
'''
SOURCES = {
    '{name: "own/make.py:paths", count: 41}': 'import_module("make")',
    '{name: "own.make:paths", count: 41}': 'import_module("own.make")',
    '{name: "own/wrapped.py:paths", count: 41}': "out_graphs.pt",
    "{name: torch_file, path: listed.pt}": "weights_only=False",
    "{name: torch_file, path: collated.pt}": "out_graphs.pt",
    "{name: pyg, dataset: FakeDataset, seed: 2, arguments: {num_graphs: 30, avg_num_nodes: 9, num_channels: 1,"
    " num_classes: 3, edge_dim: 0, task: graph}}": "seed_everything(2)",
}


@pytest.mark.parametrize(
    ("data", "source"), SOURCES.items(), ids=["file", "module", "qgtune", "list", "collated", "class"]
)
def test_the_graphs_of_a_script_are_those_of_the_data_set(data, source, tmp_path, monkeypatch):
    """In the same order, with the same features, edges and labels, in the same types."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    write_data(tmp_path)
    (tmp_path / "own" / "wrapped.py").write_text(WITH_QGTUNE, encoding="utf-8")
    graphs = runpy.run_path(str(tmp_path / "own" / "make.py"))["paths"](41)
    for graph in graphs:
        graph.x, graph.y = graph.x.reshape(-1, 1).float(), torch.tensor([graph.y])
    torch.save(graphs, tmp_path / "listed.pt")
    torch.save(InMemoryDataset.collate(graphs), tmp_path / "collated.pt")
    config = OWN_FUNCTION[: OWN_FUNCTION.index("data:")] + f"data: {data}\n"
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    runnable = read_runnable(tmp_path / "config.yaml")
    export_script(runnable, tmp_path / "scripts" / "out.py")
    assert source in (tmp_path / "scripts" / "out.py").read_text(encoding="utf-8")
    found = runpy.run_path(str(tmp_path / "scripts" / "out.py"))["load_graphs"]()
    expected = load_dataset(runnable.data, base_dir=runnable.folder)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for key in ("x", "edge_index", "y"):
            assert torch.equal(one[key], other[key])
            assert one[key].dtype == other[key].dtype
