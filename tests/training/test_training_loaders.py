"""Loaders and checkpoints: no process too many, no file half written."""

import multiprocessing

import numpy as np
import pytest
import torch

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import LoaderConfig
from qgtune.training import train
from qgtune.training.batching import loaders
from qgtune.training.batching.loaders import GraphSubset, make_loader, spare_cores
from qgtune.training.loop.checkpoints import save_atomically


def loader_of(dataset, notices, **options):
    return make_loader(
        "validation",
        LoaderConfig.model_validate(options),
        GraphSubset(dataset, np.arange(len(dataset))),
        seed=0,
        device=torch.device("cpu"),
        on_notice=notices.append,
    )


def test_a_trial_with_one_thread_has_no_core_to_spare():
    assert spare_cores() == 0


def test_no_trial_has_more_cores_than_the_machine_lends(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 10_000)
    assert spare_cores() < 10_000


def test_loading_processes_are_capped_and_their_options_left_out(tiny_graphs):
    notices = []
    loader = loader_of(
        tiny_graphs(), notices, num_workers=12, persistent_workers=True, prefetch_factor=4, pin_memory=True
    )
    assert (loader.num_workers, loader.persistent_workers, loader.prefetch_factor) == (0, False, None)
    assert loader.pin_memory is False
    assert len(notices) == 1
    assert notices[0] == (
        "num_workers: the trial has 0 cores to spare for loading: "
        "batches are loaded in the trial's own process instead of 12"
    )


def test_as_many_processes_as_there_are_cores_to_spare_are_granted_in_silence(tiny_graphs, monkeypatch):
    monkeypatch.setattr(loaders, "spare_cores", lambda: 2)
    notices = []
    loader = loader_of(tiny_graphs(), notices, num_workers=2, persistent_workers=True, prefetch_factor=4)
    assert (loader.num_workers, loader.persistent_workers, loader.prefetch_factor) == (2, True, 4)
    assert notices == []
    assert loader_of(tiny_graphs(), notices, num_workers=5).num_workers == 2
    assert notices == ["num_workers: the trial has 2 cores to spare for loading: 2 are used instead of 5"]


def test_a_daemonic_process_starts_no_loading_processes(tiny_graphs, monkeypatch):
    monkeypatch.setattr(loaders, "spare_cores", lambda: 3)
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    assert loader_of(tiny_graphs(), [], num_workers=2).num_workers == 0


@pytest.mark.parametrize("persistent", [True, False])
def test_a_loading_process_yields_the_same_result_as_none(persistent, tiny_graphs, make_config, monkeypatch):
    alone = train(make_config(), tiny_graphs(), metric="loss")
    monkeypatch.setattr(loaders, "spare_cores", lambda: 1)
    options = {"num_workers": 1, "persistent_workers": persistent}
    notices = []
    helped = train(make_config(options, options), tiny_graphs(), metric="loss", on_notice=notices.append)
    assert (helped.value, notices) == (alone.value, [])


def test_the_notice_about_processes_comes_once_for_all_sections(tiny_graphs, make_config):
    notices = []
    config = make_config({"num_workers": 12}, {"num_workers": 12})
    train(config, tiny_graphs(), metric="loss", on_notice=notices.append)
    assert len(notices) == 1


def test_without_a_listener_a_notice_is_logged(tiny_graphs, make_config, caplog):
    train(make_config({"num_workers": 12}), tiny_graphs(), metric="loss")
    assert "0 cores to spare" in caplog.text


def test_the_order_of_the_graphs_follows_from_the_seed(tiny_graphs):
    orders = [
        [batch.x.sum().item() for batch in loader_of(tiny_graphs(), [], shuffle=True)] for _ in range(2)
    ]
    assert orders[0] == orders[1]


def test_checkpoints_stand_every_so_many_epochs_and_load_as_plain_weights(tiny_graphs, make_config, tmp_path):
    config = make_config({"num_epochs": 5, "checkpoint_at": 2, "checkpoint_path": "checkpoints"})
    result = train(config, tiny_graphs(), metric="loss", output_dir=tmp_path, trial_number=74)
    folder = tmp_path / "checkpoints" / "00074"
    assert sorted(file.name for file in folder.iterdir()) == [
        "best_model.pt",
        "cfg.yaml",
        "epoch_0001.pt",
        "epoch_0003.pt",
        "last.pt",
    ]
    state = torch.load(folder / "epoch_0003.pt", weights_only=True)
    assert state["epoch"] == 3
    best = torch.load(folder / "best_model.pt", weights_only=True)
    assert best["epoch"] == result.epoch
    result.model.load_state_dict(best["model"])


@pytest.mark.parametrize("training", [{}, {"checkpoint_path": "here"}])
def test_without_checkpoint_at_nothing_is_written(training, tiny_graphs, make_config, tmp_path):
    train(make_config(training), tiny_graphs(), metric="loss", output_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_checkpoints_stand_in_a_folder_of_that_name(tiny_graphs, make_config, tmp_path):
    train(make_config({"checkpoint_at": 1}), tiny_graphs(), metric="loss", output_dir=tmp_path)
    assert (tmp_path / "checkpoints" / "00000" / "epoch_0000.pt").exists()


def test_without_an_output_folder_nothing_is_written(tiny_graphs, make_config, tmp_path):
    training = {"checkpoint_at": 1, "checkpoint_path": str(tmp_path / "here")}
    train(make_config(training), tiny_graphs(), metric="loss")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tiny_graphs, make_config, tmp_path):
    (tmp_path / "file").write_text("")
    config = make_config({"checkpoint_at": 1, "checkpoint_path": "file"})
    with pytest.raises(ConfigValueError) as caught:
        train(config, tiny_graphs(), metric="loss", output_dir=tmp_path)
    assert caught.value.path == ("training", "checkpoint_path")


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path):
    target = tmp_path / "model.pt"
    save_atomically({"epoch": 1}, target)
    with pytest.raises(AttributeError):
        save_atomically({"epoch": lambda: None}, target)
    assert torch.load(target, weights_only=True) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_a_best_model_that_cannot_be_written_is_said_and_the_training_counts(
    tiny_graphs, make_config, tmp_path
):
    (tmp_path / "checkpoints/00000/best_model.pt/in the way").mkdir(parents=True)
    said = []
    config = make_config({"checkpoint_at": 1})
    result = train(config, tiny_graphs(), metric="loss", output_dir=tmp_path, on_notice=said.append)
    assert result.epochs > 0
    [notice] = [text for text in said if "the model cannot be kept" in text]
    assert "best_model.pt: is a directory" in notice
