"""Laws of parameters that a journal gets together: none is lost, none is told to another thread."""

import errno
import threading

import pytest

from qgtune.study import create_study, open_study, params_written_together


@pytest.fixture
def study(tmp_path):
    return create_study("study", tmp_path / "study.log")


def kept(tmp_path):
    return open_study("study", tmp_path / "study.log").get_trials()


def full_once(study, monkeypatch):
    """Have the next write to the study's journal meet a full disk."""
    backend = study._storage._backend
    append, met = backend.append_logs, []

    def full(logs):
        if not met:
            met.append(True)
            raise OSError(errno.ENOSPC, "No space left on device")
        append(logs)

    monkeypatch.setattr(backend, "append_logs", full)


def test_parameters_that_a_journal_refuses_are_refused_once(study, tmp_path):
    first = study.ask()
    for name in "abc":
        first.suggest_float(name, 0.0, 1.0)
    second = study.ask()
    with pytest.raises(ValueError, match="different distribution"), params_written_together(second):  # noqa: PT012 - the block is it
        for name in "abc":
            second.suggest_categorical(name, ["x", "y"])
        second.suggest_float("d", 0.0, 1.0)
    assert [trial.number for trial in study.get_trials()] == [0, 1]
    study.tell(second, 1.0)
    assert kept(tmp_path)[1].params.keys() == {"d"}


def test_each_thread_writes_its_own_parameters_and_hears_of_their_refusal(study, tmp_path):
    study.ask().suggest_float("a", 0.0, 1.0)
    inside, read = threading.Event(), threading.Event()
    refused = []

    def other():
        trial = study.ask()
        try:
            with params_written_together(trial):
                trial.suggest_categorical("a", ["x", "y"])
                inside.set()
                read.wait(60)
        except ValueError as error:
            refused.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(60)
    mine = study.ask()
    mine.suggest_float("b", 0.0, 1.0)
    # At once, although another thread gathers.
    assert kept(tmp_path)[mine.number].params == mine.params
    read.set()
    thread.join()
    assert len(refused) == 1
    assert "a" not in kept(tmp_path)[1].params


def test_parameters_that_met_a_full_disk_are_written_by_the_next_call(study, tmp_path, monkeypatch):
    trial = study.ask()
    full_once(study, monkeypatch)
    with pytest.raises(OSError, match="No space"), params_written_together(trial):
        trial.suggest_float("a", 0.0, 1.0)
    trial.set_user_attr("said", "after")
    assert kept(tmp_path)[0].params == trial.params != {}


def test_what_ends_the_block_is_told_although_its_parameters_meet_a_full_disk(study, tmp_path, monkeypatch):
    trial = study.ask()
    full_once(study, monkeypatch)
    with pytest.raises(KeyError, match="mine"), params_written_together(trial):  # noqa: PT012 - the block is it
        trial.suggest_float("a", 0.0, 1.0)
        raise KeyError("mine")
    study.tell(trial, 1.0)
    assert kept(tmp_path)[0].params == trial.params != {}


def test_a_block_within_a_block_is_part_of_it(study, tmp_path):
    trial = study.ask()
    with params_written_together(trial):
        with params_written_together(trial):
            trial.suggest_float("a", 0.0, 1.0)
        trial.suggest_float("b", 0.0, 1.0)
        assert kept(tmp_path)[0].params == {}
    assert kept(tmp_path)[0].params == trial.params
