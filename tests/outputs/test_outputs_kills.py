"""Laws of the files of a run whose processes were all killed: whole at once, and right after a report."""

import csv
import io
import json
import os
import signal
import sys

import jsonschema
import pytest
import yaml
from made_studies import made_study, made_trial, runs_of
from own_projects import qgtune_here, start, write_project

from qgtune import load_study
from qgtune.compiler.prepare import prepare
from qgtune.outputs.files import OutputFiles
from qgtune.outputs.writer import OutputWriter
from qgtune.schema.export import schemas
from qgtune.study import trial_records

JSON_FILES = {
    "best_params.json": "best_params.schema.json",
    "study_summary.json": "study_summary.schema.json",
    "config.json": "config.schema.json",
    ".qgtune-outputs.json": "written_files.schema.json",
}
SEVERAL = "directions: [minimize, maximize]\n"
TWO_VALUES = '''\
"""Two values, of which no trial has both the best."""


def score(trial, config):
    """Return the trial's number twice."""
    return [trial.number, trial.number]
'''


def check_whole(runs):
    """Check each file that there is; return the rows of the table."""
    for name, schema in JSON_FILES.items():
        jsonschema.validate(json.loads((runs / name).read_text(encoding="utf-8")), schemas()[schema])
    text = (runs / "trials.csv").read_text(encoding="utf-8")
    assert text.endswith("\n")
    head, *rows = csv.reader(io.StringIO(text))
    assert {len(row) for row in rows} <= {len(head)}
    for file in runs.rglob("*.yaml"):
        assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict), file
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups to kill")
@pytest.mark.parametrize("settings", ["", SEVERAL], ids=["one value", "two"])
def test_every_file_is_whole_after_a_kill_of_everything_and_right_after_a_report(tmp_path, settings):
    several = {"objective": TWO_VALUES} if settings else {}
    tuning = write_project(tmp_path, f"n_trials: 100000\nn_processes: 2\n{settings}", **several)
    process = start(tuning)
    for line in process.stdout:
        if line.startswith("12/"):
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    check_whole(runs_of(tuning))

    done = qgtune_here("report", tuning, "--no-plots")
    assert done.returncode == 0, done.stderr
    table = check_whole(runs_of(tuning))
    study = load_study(tuning)
    complete = {trial.number: trial for trial in study.trials if trial.values}
    found = {int(row["number"]): row for row in table if row["state"] == "complete"}
    assert found.keys() == complete.keys()
    assert complete
    for number, trial in complete.items():
        rate = trial.params["training.learning_rate"]
        assert float(found[number]["training.learning_rate"]) == rate
    best = json.loads((runs_of(tuning) / "best_params.json").read_text(encoding="utf-8"))["trials"]
    assert {trial["number"] for trial in best} == {trial.number for trial in study.best_trials}
    if settings:
        files = {path.name for path in (runs_of(tuning) / "best_configs").iterdir()}
        assert files == {f"trial_{trial.number:05}.yaml" for trial in study.best_trials}
    else:
        head = (runs_of(tuning) / "best_config.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert head.startswith(f"# Study tiny: trial {study.best_trial.number} is the best of ")


def start_again(tuning):
    """Do what a run does when it begins, and no more; return what it says."""
    prepared, said = prepare(tuning), []
    files = OutputFiles.of(prepared.tuning.settings, prepared.tuning.folder)
    writer = OutputWriter(prepared, files, said.append)
    writer.run_started(trial_records(load_study(tuning)))
    writer.close()
    return said


def test_a_run_begins_with_the_best_config_that_a_killed_one_had_no_time_to_write(tmp_path):
    tuning = write_project(tmp_path, "")
    study = made_study(tuning, ["minimize"], [(1.0,)])
    assert start_again(tuning) == []
    study.add_trial(made_trial([0.5], 0.9))
    assert start_again(tuning) == []
    config = yaml.safe_load((runs_of(tuning) / "best_config.yaml").read_text(encoding="utf-8"))
    assert config["training"]["learning_rate"] == 0.9
    head = (runs_of(tuning) / "best_config.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert head.startswith("# Study tiny: trial 1 is the best of 2 trials")
    built = yaml.safe_load((runs_of(tuning) / "built_search_space.yaml").read_text(encoding="utf-8"))
    assert built["training"]["learning_rate"] == 0.1


def test_a_run_begins_with_the_front_that_a_killed_one_had_no_time_to_write(tmp_path):
    tuning = write_project(tmp_path, SEVERAL)
    study = made_study(tuning, ["minimize", "maximize"], [(1.0, 1.0)])
    start_again(tuning)
    study.add_trial(made_trial([0.5, 2.0], 0.9))
    start_again(tuning)
    assert [path.name for path in (runs_of(tuning) / "best_configs").iterdir()] == ["trial_00001.yaml"]


LOOKING = '''\
"""The third trial waits for the front to tell of the first."""

import pathlib
import time

FRONT = pathlib.Path(__file__).parent / "runs/tiny/best_configs/trial_00000.yaml"


def score(trial, config):
    """Return the trial's number twice."""
    deadline = time.monotonic() + 60
    while trial.number == 2 and not FRONT.exists():
        assert time.monotonic() < deadline, "the front was not brought up to date"
        time.sleep(0.05)
    return [trial.number, trial.number]
'''


def test_the_configs_of_the_front_are_there_while_the_study_runs(tmp_path):
    tuning = write_project(tmp_path, f"n_trials: 3\n{SEVERAL}", objective=LOOKING)
    done = qgtune_here(tuning)
    assert done.returncode == 0, done.stderr
    assert "3 complete" in done.stdout, done.stdout
    head = (runs_of(tuning) / "best_configs/trial_00000.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert "trial 0 is one of 3 of 3 trials that no other beats" in head
