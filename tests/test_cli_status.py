"""``qgtune status``, ``trials`` and ``show``: what they tell people, and what they tell programs."""

import csv
import io
import json

import jsonschema
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial
from own_projects import SPACE, qgtune_here, write_project

from qgtune.schema.export import schemas

RATE, SIZE = "training.learning_rate", "training.batch_size"
SIX = "training:\n  learning_rate: [0.1, 0.01]\n  batch_size: [16, 32, 64]\n"


def made(values=(), state=TrialState.COMPLETE, rate=0.1):
    return create_trial(
        state=state,
        values=list(values) or None,
        params={RATE: rate, SIZE: 32},
        distributions={
            RATE: FloatDistribution(0.001, 1.0, log=True),
            SIZE: CategoricalDistribution((16, 32, 64)),
        },
    )


def own_study(folder, trials, tuning="", directions=("minimize",), **project):
    """Write a project and a study that no run made, with these trials; return its tuning file."""
    file = write_project(folder, f"n_trials: 5\n{tuning}", **project)
    (folder / "runs/tiny").mkdir(parents=True)
    storage = JournalStorage(JournalFileBackend(str(folder / "runs/tiny/study.log")))
    optuna.create_study(study_name="tiny", storage=storage, directions=directions).add_trials(trials)
    return file


def legal(text, schema):
    """Return what a text of JSON says, once it is legal in its schema and has no number that JSON lacks."""

    def refuse(constant):
        raise AssertionError(constant)

    found = json.loads(text, parse_constant=refuse)
    jsonschema.validate(found, schemas()[schema])
    return found


@pytest.mark.parametrize("sampler", ["grid", "brute_force"])
def test_a_study_of_every_combination_is_complete_with_the_last_of_them(tmp_path, sampler):
    tuning = write_project(tmp_path, f"n_trials: 100\nsampler: {sampler}\n", space=SIX)
    assert "trials      6 in 1 process" in qgtune_here("check", tuning).stdout
    done = qgtune_here(tuning)
    assert "(6 of 6 trials, " in done.stdout, done.stderr
    assert qgtune_here("status", tuning).stdout.startswith("study tiny: 6 of 6 trials finished")
    assert json.loads((tmp_path / "runs/tiny/study_summary.json").read_text())["asked"] == 6
    assert "6 finished, of 6 that were asked for." in (tmp_path / "runs/tiny/summary_report.md").read_text()
    (tmp_path / "search_space.yaml").write_text("training: [1\n")
    assert "6 of 100 trials finished" in qgtune_here("status", tuning).stdout


def test_a_study_that_was_taken_further_asked_for_as_many_as_it_has(tmp_path):
    tuning = own_study(tmp_path, [made([0.5])] * 7)
    assert "7 of 7 trials finished" in qgtune_here("status", tuning).stdout


def failed(reason):
    trial = made(state=TrialState.FAIL)
    trial.user_attrs = {"qgtune:failure": reason}
    return trial


def test_the_status_says_that_there_are_more_reasons_than_it_lists(tmp_path):
    trials = [failed(f"reason {number}") for number in range(5)]
    tuning = own_study(tmp_path, trials[:3])
    assert "other reason" not in qgtune_here("status", tuning).stdout
    study = optuna.load_study(
        study_name="tiny", storage=JournalStorage(JournalFileBackend(str(tmp_path / "runs/tiny/study.log")))
    )
    study.add_trials(trials[3:])
    said = qgtune_here("status", "tuning.yaml", cwd=tmp_path).stdout
    assert said.count("1 failed: ") == 3
    assert "  and 2 other reasons; see qgtune trials tuning.yaml --state failed\n" in said
    listed = qgtune_here("trials", "tuning.yaml", "--state", "failed", cwd=tmp_path).stdout
    assert "reason 4" in listed


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("target: 0.5", "trial 0 has reached the target of 0.5 with 0.25"),
        ("stop_after_trials_without_improvement: 2", "2 trials have finished since the best one, trial 0"),
        ("target: 0.1", None),
        ("stop_after_trials_without_improvement: 3", None),
    ],
)
def test_the_status_says_which_goal_has_ended_a_study(tmp_path, setting, said):
    tuning = own_study(tmp_path, [made([0.25]), made([0.5]), made([0.5])], f"{setting}\n")
    found = qgtune_here("status", tuning).stdout
    assert (f"  no further trial is needed: {said}\n" in found) is (said is not None)
    assert ("no further trial" in found) is (said is not None)


def test_with_several_objectives_the_status_speaks_of_the_front(tmp_path):
    trials = [made([1.0, 1.0]), made([2.0, 2.0]), made([3.0, 0.0])]
    tuning = own_study(tmp_path, trials, "directions: [minimize, maximize]\n", ["minimize", "maximize"])
    said = qgtune_here("status", tuning).stdout
    assert "Pareto front: 2 trials that no other beats\n" in said
    assert "best" not in said
    status = legal(qgtune_here("status", tuning, "--format", "json").stdout, "study_status.schema.json")
    assert [trial["number"] for trial in status["best"]] == [0, 1]


def test_the_status_for_programs_is_legal_in_its_schema_whatever_the_trials(tmp_path):
    trials = [made([float("inf")]), made(state=TrialState.FAIL), made(state=TrialState.RUNNING), made([0.25])]
    tuning = own_study(tmp_path, trials)
    status = legal(qgtune_here("status", tuning, "--format", "json").stdout, "study_status.schema.json")
    assert (status["version"], status["finished"], status["asked"]) == (1, 3, 5)
    assert status["best"] == [{"number": 3, "values": [0.25], "params": {RATE: 0.1, SIZE: 32}}]
    assert [trial["number"] for trial in status["running"]] == [2]


def test_a_study_without_trials_has_a_status(tmp_path):
    tuning = own_study(tmp_path, [])
    assert qgtune_here("status", tuning).stdout == (
        "study tiny: 0 of 5 trials finished (no trial has begun)\n"
    )
    status = legal(qgtune_here("status", tuning, "--format", "json").stdout, "study_status.schema.json")
    assert (status["best"], status["mean_duration_seconds"]) == ([], None)


def test_a_trial_for_programs_is_legal_in_its_schema(tmp_path):
    tuning = own_study(tmp_path, [made([float("-inf")]), made(state=TrialState.RUNNING)])
    shown = legal(qgtune_here("show", tuning, 0, "--format", "json").stdout, "trial.schema.json")
    assert (shown["state"], shown["values"], shown["changed"]) == ("complete", ["-Infinity"], False)
    assert shown["config"]["training"]["warmup"] == 0.1
    running = legal(qgtune_here("show", tuning, 1, "--format", "json").stdout, "trial.schema.json")
    assert (running["state"], running["datetime_complete"]) == ("running", None)


def test_a_complete_trial_of_another_space_is_not_said_to_have_ended_early(tmp_path):
    wider = f"{SPACE}  epochs: {{type: int, low: 1, high: 3}}\n"
    tuning = own_study(tmp_path, [made([0.5])], space=wider)
    said = qgtune_here("show", tuning, 0).stdout
    assert "its parameters do not fit the search space as it is now; its parameters are" in said
    assert "ended before" not in said
    assert f"{RATE}: 0.1" in said


def test_trials_for_programs_have_the_texts_of_the_files(tmp_path):
    tuning = own_study(tmp_path, [made([float("inf")]), made([float("-inf")]), made([0.5])])
    text = qgtune_here("trials", tuning, "--format", "json").stdout
    rows = json.loads(text, parse_constant=pytest.fail)
    assert [row["value"] for row in rows] == ["Infinity", "-Infinity", 0.5]
    table = qgtune_here("trials", tuning, "--format", "csv").stdout
    read = list(csv.DictReader(io.StringIO(table)))
    assert [row["datetime_start"] for row in read] == [row["datetime_start"] for row in rows]
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    assert table == (tmp_path / "runs/tiny/trials.csv").read_text()


@pytest.mark.parametrize("trials", [[], [made([0.5])]])
def test_the_table_as_csv_has_its_head_without_rows(tmp_path, trials):
    tuning = own_study(tmp_path, trials)
    table = qgtune_here("trials", tuning, "--format", "csv", "--state", "failed").stdout
    assert table.startswith("number,state,value,")
    assert table.count("\n") == 1


def test_problems_do_not_stand_where_a_program_reads_results(tmp_path):
    tuning = write_project(tmp_path)
    for words in (["status"], ["trials"], ["show"]):
        number = [0] if words == ["show"] else []
        done = qgtune_here(*words, tuning, *number, "--format", "json")
        assert (done.returncode, done.stdout) == (1, "")
        assert "error[QG419]" in done.stderr


def test_a_column_after_a_dash_turns_the_order_round(tmp_path):
    tuning = own_study(tmp_path, [made([value], rate=value) for value in (0.1, 0.3, 0.2)])
    for sort in (["--sort", "-value"], ["--sort=-value"], ["--sort", f"-{RATE}"]):
        rows = json.loads(qgtune_here("trials", tuning, *sort, "--format", "json").stdout)
        assert [row["value"] for row in rows] == [0.3, 0.2, 0.1]
    refused = qgtune_here("trials", tuning, "--sort", "-heads")
    assert (refused.returncode, "there is no column 'heads'" in refused.stderr) == (2, True)


@pytest.mark.parametrize(("top", "said"), [("0", "1 or more"), ("-3", "1 or more"), ("x", "a whole number")])
def test_a_number_of_rows_that_means_nothing_is_refused(tmp_path, top, said):
    refused = qgtune_here("trials", own_study(tmp_path, [made([0.5])]), "--top", top)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr


def test_where_no_browser_can_be_opened_that_is_said(tmp_path, monkeypatch):
    tuning = own_study(tmp_path, [made([0.5])])
    monkeypatch.setattr("webbrowser.open", lambda _url: False)
    done = qgtune_here("report", tuning, "--no-plots", "--open")
    assert done.returncode == 0
    assert "no browser here that could be opened: open " in done.stderr
    assert "report.html yourself" in done.stderr


def test_a_config_that_json_has_no_form_for_is_shown_as_text(tmp_path):
    config = (
        "model: {width: !sweep {values: [16, 32]}, make: !pyobject collections.OrderedDict, x: .inf}\n1: a\n"
    )
    (tmp_path / "config.yaml").write_text(config)
    (tmp_path / "objective.py").write_text("def score(trial, config):\n    return config['model']['width']\n")
    tuning = tmp_path / "tuning.yaml"
    settings = "config_file: config.yaml\nobjective: objective.py:score\nallow_pyobjects: [collections]\n"
    tuning.write_text(f"{settings}n_trials: 1\nplots: false\n")
    assert qgtune_here(tuning).returncode == 0
    shown = legal(qgtune_here("show", tuning, 0, "--format", "json").stdout, "trial.schema.json")
    width = shown["params"]["model.width"]
    model = {"width": width, "make": "collections.OrderedDict", "x": "Infinity"}
    assert shown["config"] == {"model": model, "1": "a"}
