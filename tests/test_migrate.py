"""Laws of ``--migrate``: what fits goes on, and nothing that there was is lost."""

import functools
import os
import shutil
import sys

import optuna
import pytest
from own_projects import SPACE, qgtune_here, write_project

from qgtune.compiler.enqueued import asked_by
from qgtune.compiler.prepare import prepare
from qgtune.core.errors import ConfigValueError
from qgtune.outputs.study_results import run_fingerprint
from qgtune.run_request import canonical_text
from qgtune.study import create_study, migrate_study, open_study
from qgtune.study.storage.run_lock import RunLock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="without locks a study is not migrated")

MORE = SPACE.replace("[16, 32, 64]", "[16, 32, 64, 128]")
LABELLED = """\
training:
  batch_size: {type: categorical, choices: {small: 16, large: 64}}
"""


def facts(study):
    """Return all that a study says of its trials."""
    return [
        (
            trial.number,
            trial.state,
            trial.values,
            trial.params,
            trial.distributions,
            trial.user_attrs,
            trial.system_attrs,
            trial.intermediate_values,
            trial.datetime_start,
            trial.datetime_complete,
        )
        for trial in study.get_trials()
    ]


def migrated(folder, space, extra, *words):
    """Run a project with another space; return what the command did."""
    return qgtune_here(write_project(folder, extra, space=space), "--migrate", *words)


def test_a_migration_leaves_the_other_studies_of_a_journal_as_they_are(tmp_path):
    shared = tmp_path / "shared.log"
    first = f"n_trials: 3\nstorage: {shared}\nstudy_name: first\n"
    second = first.replace("first", "second")
    for name, extra in (("a", first), ("b", second)):
        tuning = write_project(tmp_path / name)
        tuning.write_text(tuning.read_text().replace("study_name: tiny\n", "") + extra)
        assert qgtune_here(tuning).returncode == 0
    other = open_study("second", shared)
    other_was, notes = facts(other), other.user_attrs
    mine_was = facts(open_study("first", shared))
    tuning = write_project(tmp_path / "a", space=MORE)
    tuning.write_text(
        tuning.read_text().replace("study_name: tiny\n", "") + first.replace("n_trials: 3", "n_trials: 5")
    )
    done = qgtune_here(tuning, "--migrate")
    assert done.returncode == 0, done.stderr
    assert "migrated 3 of 3 finished trials" in done.stdout + done.stderr
    other = open_study("second", shared)
    assert (facts(other), other.user_attrs) == (other_was, notes)
    goes_on = facts(open_study("first", shared))
    assert [one[1:4] for one in goes_on[:3]] == [one[1:4] for one in mine_was]
    assert len(goes_on) == 5
    tuning = tmp_path / "b/tuning.yaml"
    tuning.write_text(tuning.read_text().replace("n_trials: 3", "n_trials: 4"))
    assert qgtune_here(tuning).returncode == 0
    after = facts(open_study("second", shared))
    assert (after[:3], len(after)) == (other_was, 4)
    assert len(open_study("first", shared).trials) == 5


def test_however_often_a_study_is_migrated_every_journal_that_it_had_is_kept(tmp_path):
    assert qgtune_here(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    journals = []
    for turn in range(3):
        journals.append((tmp_path / "runs/tiny/study.log").read_bytes())
        done = migrated(tmp_path, (MORE, SPACE)[turn % 2], f"n_trials: {3 + turn}\n")
        assert done.returncode == 0, done.stderr
    kept = [path.read_bytes() for path in (tmp_path / "runs/tiny").glob("study.log.*")]
    assert sorted(kept) == sorted(journals)


def test_a_migration_keeps_the_journal_where_the_file_system_has_no_links(tmp_path, monkeypatch):
    assert qgtune_here(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    before = (tmp_path / "runs/tiny/study.log").read_bytes()

    def refuse(*_paths, **_options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert migrated(tmp_path, MORE, "n_trials: 3\n").returncode == 0
    [kept] = (tmp_path / "runs/tiny").glob("study.log.*")
    assert kept.read_bytes() == before


def test_a_migration_that_a_disk_refuses_leaves_the_study_as_it_was_and_says_so(tmp_path, monkeypatch):
    assert qgtune_here(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    journal = tmp_path / "runs/tiny/study.log"
    create_study("other", journal)
    before = journal.read_bytes()

    def refuse(*_paths, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", refuse)
    done = migrated(tmp_path, MORE, "n_trials: 3\n")
    assert done.returncode == 1
    assert "error[QG419]" in done.stderr
    assert "No space left on device" in done.stderr
    assert journal.read_bytes() == before
    assert not list(journal.parent.glob("study.log.*"))


def test_what_users_wrote_on_a_study_and_its_trials_goes_with_them(tmp_path):
    assert qgtune_here(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    study = open_study("tiny", tmp_path / "runs/tiny/study.log")
    study.set_user_attr("note", "the good one")
    assert migrated(tmp_path, MORE, "n_trials: 2\n").returncode == 0
    assert open_study("tiny", tmp_path / "runs/tiny/study.log").user_attrs["note"] == "the good one"


def test_what_a_study_says_of_trials_that_are_not_taken_over_stays_behind(tmp_path):
    project = {
        "objective": "def score(trial, config):\n    if trial.number < 2:\n        raise ValueError\n    return 1.0\n"
    }
    assert qgtune_here(write_project(tmp_path, "n_trials: 2\n", **project)).returncode == 1
    assert qgtune_here(write_project(tmp_path, "n_trials: 3\n", **project)).returncode == 0
    assert "qgtune:forgiven" in open_study("tiny", tmp_path / "runs/tiny/study.log").user_attrs
    done = qgtune_here(write_project(tmp_path, "n_trials: 3\n", space=MORE, **project), "--migrate")
    assert done.returncode == 0, done.stderr
    trials = open_study("tiny", tmp_path / "runs/tiny/study.log").trials
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 3


def test_a_trial_that_names_another_names_it_by_its_new_number(tmp_path):
    space = "training:\n  batch_size: [16, 32, 64]\n"
    extra = "n_trials: 9\nsampler: random\nenqueue_base: false\n"
    project = {"dependencies": "{}\n", "objective": "def score(trial, config):\n    return 1.0\n"}
    assert qgtune_here(write_project(tmp_path, extra, space=space, **project)).returncode == 0
    changed = space.replace("[16, 32, 64]", "[16, 64, 8]")
    done = qgtune_here(write_project(tmp_path, extra, space=changed, **project), "--migrate")
    assert done.returncode == 0, done.stderr
    trials = open_study("tiny", tmp_path / "runs/tiny/study.log").trials
    reused = [trial for trial in trials if "qgtune:reused_from" in trial.user_attrs]
    assert reused
    for trial in reused:
        named = trials[trial.user_attrs["qgtune:reused_from"]]
        assert named.number < trial.number
        assert named.params == trial.params


def test_a_label_that_has_come_to_stand_for_another_value_is_refused(tmp_path):
    project = {"dependencies": "{}\n", "objective": "def score(trial, config):\n    return 1.0\n"}
    extra = "n_trials: 2\nenqueue_base: false\n"
    assert qgtune_here(write_project(tmp_path, extra, space=LABELLED, **project)).returncode == 0
    journal = tmp_path / "runs/tiny/study.log"
    before = journal.read_bytes()
    changed = write_project(tmp_path, extra, space=LABELLED.replace("16", "8"), **project)
    for words in ((), ("--migrate",)):
        done = qgtune_here(changed, *words)
        assert done.returncode == 1
        assert "small stands for 8 now, 16 before" in done.stderr
    assert journal.read_bytes() == before
    wider = LABELLED.replace("large: 64", "large: 64, huge: 128")
    done = qgtune_here(write_project(tmp_path, extra, space=wider, **project), "--migrate")
    assert done.returncode == 0, done.stderr


def test_a_study_in_a_database_is_copied_beside_itself_and_the_tuning_file_is_to_say_which(tmp_path):
    database = tmp_path / "study.db"
    url = f"sqlite:///{database}"
    extra = f"n_trials: 3\nstorage: {url}\n"
    assert qgtune_here(write_project(tmp_path, extra)).returncode == 0
    before = facts(open_study("tiny", url))
    for _ in range(2):  # the second time it is there already
        done = migrated(tmp_path, MORE, extra)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("3 of 3 finished trials are copied into the study 'tiny-")
        assert "'tiny' stays as it was\n" in done.stdout
        names = optuna.get_all_study_names(url)
        assert len(names) == 2
    [name] = set(names) - {"tiny"}
    assert f"write study_name: {name} in {tmp_path / 'tuning.yaml'}, and give" in done.stdout
    assert facts(open_study("tiny", url)) == before
    tuning = write_project(tmp_path, extra.replace("n_trials: 3", "n_trials: 4"), space=MORE)
    tuning.write_text(tuning.read_text().replace("study_name: tiny", f"study_name: {name}"))
    assert qgtune_here(tuning).returncode == 0
    after = facts(open_study(name, url))
    assert [one[1:4] for one in after[:3]] == [one[1:4] for one in before]
    assert len(after) == 4


def test_a_study_that_cannot_be_migrated_is_not_said_to_be_and_what_was_sampled_is_no_constant(tmp_path):
    assert qgtune_here(write_project(tmp_path, "n_trials: 1\n")).returncode == 0
    fewer = SPACE.replace("batch_size: [16, 32, 64]", "batch_size: null")
    tuning = write_project(tmp_path, "n_trials: 2\n", space=fewer, dependencies="training: {}\n")
    refused = qgtune_here(tuning)
    assert "training.batch_size is no parameter any more (refused)" in refused.stderr
    assert "training.warmup is 0.1 now, a reference before (refused)" in refused.stderr
    assert "= hint: choose another study_name, or undo the change\n" in refused.stderr
    tuning = write_project(tmp_path, "n_trials: 2\n", space=SPACE.replace("[16, 32, 64]", "16"))
    refused = qgtune_here(tuning)
    assert "training.batch_size is 16 now, a parameter before (refused)" in refused.stderr
    assert "--migrate" not in refused.stderr
    fits = qgtune_here(write_project(tmp_path, "n_trials: 2\n", space=MORE))
    assert "--migrate" in fits.stderr


def test_of_two_migrations_at_once_in_a_database_one_copies_the_trials_and_the_other_says_so(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    extra = f"n_trials: 3\nstorage: {url}\n"
    assert qgtune_here(write_project(tmp_path, extra)).returncode == 0
    prepared = prepare(write_project(tmp_path, extra, space=MORE))
    asked = functools.partial(asked_by, prepared.compilation.plan)
    migrate = functools.partial(
        migrate_study, url, "tiny", run_fingerprint(prepared), canonical_text(prepared)
    )
    said = []

    def asked_while_another_one_begins(params):
        if not said:
            with pytest.raises(ConfigValueError) as refused:
                migrate(asked)
            said.append(refused.value.message)
        return asked(params)

    done = migrate(asked_while_another_one_begins)
    assert said == ["another command migrates a study in this storage at this moment"]
    assert len(open_study(done.study_name, url).trials) == done.taken == 3
    assert migrate(asked) == done
    assert not list(tmp_path.glob("*.run"))


def test_a_study_in_memory_cannot_be_migrated(tmp_path):
    done = migrated(tmp_path, SPACE, "n_trials: 1\nstorage: null\n")
    assert done.returncode == 1
    assert "a study in memory is gone after its run" in done.stderr


@pytest.mark.parametrize("storage", ["study.log", "sqlite:///study.db"])
def test_a_study_that_is_not_there_cannot_be_migrated_and_nothing_is_made(storage, tmp_path):
    tuning = write_project(
        tmp_path, f"n_trials: 1\nstorage: new/{storage}\n".replace("new/sqlite:///", "sqlite:///new/")
    )
    before = sorted(tmp_path.iterdir())
    done = qgtune_here(tuning, "--migrate")
    assert done.returncode == 1
    assert "there is no file" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("storage", ["study.log", "sqlite:///study.db"])
def test_a_study_on_which_a_run_is_alive_is_not_migrated(storage, tmp_path):
    extra = f"n_trials: 1\nstorage: {storage}\n"
    assert qgtune_here(write_project(tmp_path, extra)).returncode == 0
    scheme, slashes, file = storage.rpartition("///")
    address = f"{scheme}{slashes}{tmp_path / file}"
    create_study("tiny", address).ask()  # this process runs a trial, and lives
    with RunLock(tmp_path / file) as lock:
        lock.share()
        done = migrated(tmp_path, MORE, extra)
    assert done.returncode == 1
    assert "but one is alive" in done.stderr
    assert len(open_study("tiny", address).trials) == 2
