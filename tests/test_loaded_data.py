"""What a data set turns out to be when it is loaded is held against the configs before the first trial."""

import pytest
import torch
from own_projects import qgtune
from test_task_runs import TUNING, write_project
from torch_geometric.data import Data

from qgtune.core.errors import ConfigValueError
from qgtune.data import load_dataset

EDGES = torch.tensor([[0, 1, 2], [1, 2, 3]])
DATA = "data: {name: causal_sets, num_graphs: 60, min_nodes: 8, max_nodes: 12}\n"
COMMON = TUNING.replace(DATA, "data: {name: torch_file, path: graphs.pt}\nmetric: f1_weighted\nn_trials: 2\n")


def graphs(features=12, classes=2, count=40):
    return [
        Data(x=torch.ones(4, features), edge_index=EDGES, y=torch.tensor([k % classes])) for k in range(count)
    ]


def project(folder, saved):
    tuning = write_project(folder, "", common=COMMON)
    torch.save(saved, folder / "graphs.pt")
    return tuning


@pytest.mark.parametrize("command", [["run"]])
@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (graphs(features=5), "base_settings.yaml:4:16: error[QG214]"),
        (graphs(classes=3), "base_settings.yaml:5:"),
        (
            graphs(count=1),
            "base_settings.yaml:12:",
        ),
        ([g.update({"y": torch.tensor([0.5])}) for g in graphs()], "error[QG409]"),
    ],
)
def test_data_that_no_trial_can_use_end_a_run_before_its_first_trial(tmp_path, command, saved, said):
    done = qgtune(*command, project(tmp_path, saved))
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert not list(tmp_path.rglob("trials.csv"))


def test_data_that_cannot_be_loaded_end_a_run_at_their_line(tmp_path):
    tuning = project(tmp_path, graphs())
    whole = (tmp_path / "graphs.pt").read_bytes()
    (tmp_path / "graphs.pt").write_bytes(whole[: len(whole) // 2])
    done = qgtune("run", tuning)
    assert done.returncode == 1
    assert "error[QG409]" in done.stdout + done.stderr


def test_data_that_fit_are_tuned_on(tmp_path):
    done = qgtune("run", project(tmp_path, graphs()), "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_label_that_is_a_text_is_named_with_its_graph(tmp_path):
    torch.save(
        [*graphs(count=2), Data(x=torch.ones(4, 12), edge_index=EDGES, y="cat")], tmp_path / "graphs.pt"
    )
    with pytest.raises(ConfigValueError, match="y must be numbers, and graph 2 has y = 'cat'"):
        load_dataset({"name": "torch_file", "path": "graphs.pt"}, base_dir=tmp_path)
