"""What became of trials, in the same words everywhere: lost ones, and those that trained nothing or often."""

import csv
import io
import json

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial
from own_projects import qgtune_here, write_project

from qgtune.study import REPEATED_VALUES, REUSED_FROM, SPREAD
from qgtune.study.attributes import LOST

DOMAINS = {
    "training.learning_rate": FloatDistribution(0.001, 1.0, log=True),
    "training.batch_size": CategoricalDistribution((16, 32, 64)),
}
PARAMS = {"training.learning_rate": 0.1, "training.batch_size": 32}


def made(value, **attributes):
    state = TrialState.FAIL if value is None else TrialState.COMPLETE
    return create_trial(state=state, value=value, params=PARAMS, distributions=DOMAINS, user_attrs=attributes)


@pytest.fixture(scope="module")
def tuning(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outcomes")
    tuning = write_project(folder, "n_trials: 4\n")
    journal = folder / "runs" / "tiny" / "study.log"
    journal.parent.mkdir(parents=True)
    study = optuna.create_study(study_name="tiny", storage=JournalStorage(JournalFileBackend(str(journal))))
    study.add_trials(
        [
            made(0.5, **{REPEATED_VALUES: [0.4, 0.6], SPREAD: 0.1414}),
            made(0.5, **{REUSED_FROM: 0}),
            made(None, **{LOST: "its process was killed"}),
        ]
    )
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    return tuning


def test_the_table_says_lost_reused_and_spread(tuning):
    text = (tuning.parent / "runs" / "tiny" / "trials.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["state"] for row in rows] == ["complete", "complete", "lost"]
    assert [row["reused_from"] for row in rows] == ["", "0", ""]
    assert [row["spread"] for row in rows] == ["0.1414", "", ""]
    assert rows[2]["duration_seconds"] == ""


def test_trials_are_chosen_by_the_same_words(tuning):
    found = qgtune_here("trials", tuning, "--state", "lost", "--format", "json")
    assert [row["number"] for row in json.loads(found.stdout)] == [2]
    assert json.loads(qgtune_here("trials", tuning, "--state", "failed", "--format", "json").stdout) == []


def test_a_trial_says_where_its_values_come_from(tuning):
    assert "# the mean of 2 trainings: 0.4; 0.6; standard deviation 0.1414\n" in show(tuning, 0)
    assert "# it has the config of trial 0, whose values it was given\n" in show(tuning, 1)
    assert show(tuning, 2).startswith("# study tiny, trial 2: lost\n")


def show(tuning, number):
    return qgtune_here("show", tuning, number).stdout


def test_the_status_and_the_summary_count_them(tuning):
    status = qgtune_here("status", tuning).stdout
    assert status.startswith("study tiny: 2 of 4 trials finished (2 complete, 1 lost)\n")
    assert "  1 of them took the values of an equal config\n" in status
    summary = (tuning.parent / "runs" / "tiny" / "summary_report.md").read_text()
    assert "1 trial had the config of an earlier one and took its values." in summary
    assert "## The best 1\n" in summary
    assert "| lost | its process was killed | 1 |" in summary
