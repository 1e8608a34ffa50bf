"""Reports of real studies, through the real command line, and studies from Python."""

import contextlib
import csv
import io
import json
import os
import pathlib
import pickle
import types

import jsonschema
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from own_projects import qgtune as qgtune_alone
from own_projects import qgtune_here, write_project

import qgtune
from qgtune.cli import main
from qgtune.core.errors import DiagnosticError, QgtuneError
from qgtune.schema.export import schemas

JSON_FILES = {
    "best_params.json": "best_params.schema.json",
    "study_summary.json": "study_summary.schema.json",
    "config.json": "config.schema.json",
}


def command(*words):
    """Run the command line in this process; return what it did."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return types.SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return the tuning file of a project whose study has 12 trials; nobody changes it."""
    tuning = write_project(tmp_path_factory.mktemp("study"), "n_trials: 12\n")
    done = qgtune_here(tuning)
    assert done.returncode == 0, done.stderr
    return tuning


def runs(tuning):
    return tuning.parent / "runs" / "tiny"


def own_study(tmp_path, trials=(), **project):
    """Write a project and a study with these trials that no run made; return its tuning file."""
    tuning = write_project(tmp_path, "n_trials: 5\n", **project)
    runs(tuning).mkdir(parents=True)
    storage = JournalStorage(JournalFileBackend(str(runs(tuning) / "study.log")))
    study = optuna.create_study(study_name="tiny", storage=storage)
    study.add_trials(trials)
    return tuning


def made(value=None, state=optuna.trial.TrialState.COMPLETE, rate=0.1):
    params = {"training.learning_rate": rate, "training.batch_size": 32}
    domains = {
        "training.learning_rate": optuna.distributions.FloatDistribution(0.001, 1.0, log=True),
        "training.batch_size": optuna.distributions.CategoricalDistribution((16, 32, 64)),
    }
    return optuna.trial.create_trial(state=state, value=value, params=params, distributions=domains)


def test_the_json_files_are_legal_in_their_schemas_and_agree_with_the_table(project):
    read = {name: json.loads((runs(project) / name).read_text()) for name in JSON_FILES}
    for name, schema in JSON_FILES.items():
        jsonschema.validate(read[name], schemas()[schema])
        assert read[name]["version"] == 1
    rows = list(csv.DictReader(io.StringIO((runs(project) / "trials.csv").read_text())))
    best = min(rows, key=lambda row: float(row["value"]))
    [trial] = read["best_params.json"]["trials"]
    assert trial["number"] == int(best["number"])
    assert trial["params"]["training.learning_rate"] == float(best["training.learning_rate"])
    assert read["study_summary.json"]["counts"]["complete"] == len(rows) == 12


def test_the_config_of_a_run_names_no_folder_of_this_machine(project):
    text = (runs(project) / "config.json").read_text()
    assert str(project.parent) not in text
    assert str(pathlib.Path.home()) + "/" not in text
    settings = json.loads(text)["settings"]
    assert settings["storage"] == "runs/tiny/study.log"
    assert settings["search_space_path"] == "search_space.yaml"


def test_a_report_made_again_has_the_same_bytes(project):
    names = (
        "trials.csv",
        "best_params.json",
        "study_summary.json",
        "summary_report.md",
        "report.html",
        "best_config.yaml",
    )
    before = {name: (runs(project) / name).read_bytes() for name in names}
    done = command("report", project, "--no-plots")
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: (runs(project) / name).read_bytes() for name in names} == before


def test_a_report_comes_back_after_its_files_are_gone(project):
    wanted = (runs(project) / "report.html").read_bytes()
    for name in ("report.html", "summary_report.md", "trials.csv"):
        (runs(project) / name).unlink()
    done = command("report", project, "--no-plots", "--pickle")
    assert done.returncode == 0, done.stderr
    assert (runs(project) / "report.html").read_bytes() == wanted
    assert len(pickle.loads((runs(project) / "study.pkl").read_bytes()).trials) == 12


def test_a_best_config_that_was_edited_is_kept_and_said(tmp_path):
    tuning = own_study(tmp_path, [made(0.5)])
    assert command("report", tuning, "--no-plots").returncode == 0
    (runs(tuning) / "best_config.yaml").write_text("mine: 1\n")
    done = command("report", tuning, "--no-plots")
    assert "best_config.yaml was edited by hand: it is kept as best_config.edited.yaml" in done.stderr
    assert (runs(tuning) / "best_config.edited.yaml").read_text() == "mine: 1\n"


PRUNED, FAILED = optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [made(0.5)],
        [made(state=PRUNED)] * 3,
        [made(state=FAILED)] * 3,
        [made(1.0, rate=rate / 10) for rate in range(1, 6)],
        [made(float("inf")), made(1.0)],
    ],
    ids=["no trial", "one", "all pruned", "all failed", "constant", "infinite"],
)
def test_every_study_has_its_report(tmp_path, trials):
    tuning = own_study(tmp_path, trials)
    done = command("report", tuning, *([] if len(trials) == 1 else ["--no-plots"]))
    assert (done.returncode, done.stderr) == (0, "")
    for name, schema in JSON_FILES.items():
        if name != "config.json":
            jsonschema.validate(json.loads((runs(tuning) / name).read_text()), schemas()[schema])
    assert (runs(tuning) / "summary_report.md").read_text().startswith("# Study tiny")
    assert command("trials", tuning, "--sort", "value").returncode == 0
    assert command("status", tuning).returncode == 0


def test_with_several_objectives_every_file_tells_the_whole_front(tmp_path):
    tuning = write_project(tmp_path, "directions: [minimize, maximize]\n")
    runs(tuning).mkdir(parents=True)
    storage = JournalStorage(JournalFileBackend(str(runs(tuning) / "study.log")))
    study = optuna.create_study(study_name="tiny", storage=storage, directions=["minimize", "maximize"])
    for loss, score in [(1.0, 1.0), (2.0, 2.0), (3.0, 0.0)]:
        trial = made(0.0)
        trial.values = [loss, score]
        study.add_trial(trial)
    done = command("report", tuning, "--no-plots")
    assert (done.returncode, done.stderr) == (0, "")
    read = json.loads((runs(tuning) / "best_params.json").read_text())
    assert [trial["number"] for trial in read["trials"]] == [0, 1]
    assert read["metrics"] == ["values_0", "values_1"]
    assert "values_0,values_1" in (runs(tuning) / "trials.csv").read_text()
    assert "beats these in every objective: 0, 1." in (runs(tuning) / "summary_report.md").read_text()


def test_pictures_are_drawn(project):
    pytest.importorskip("matplotlib")
    assert command("report", project).returncode == 0
    drawn = {path.name for path in (runs(project) / "plots").iterdir()}
    assert drawn >= {
        f"{name}.png"
        for name in (
            "history",
            "importance",
            "parallel_coordinates",
            "slices",
            "contour",
            "intermediate_values",
            "timeline",
        )
    }
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (runs(project) / "plots").iterdir())


def test_names_with_odd_characters_come_through(tmp_path):
    odd = "a <b>&|`é"
    tuning = write_project(
        tmp_path,
        "n_trials: 3\n",
        space=f'"{odd}": {{type: float, low: 0.1, high: 1.0}}\n',
        base=f'"{odd}": 0.5\n',
        dependencies="{}\n",
        objective='"""One value."""\n\n\ndef score(trial, config):\n    """Return it."""\n    return next(iter(config.values()))\n',
    )
    done = qgtune_here(tuning)
    assert done.returncode == 0, done.stderr
    assert odd in next(csv.reader(io.StringIO((runs(tuning) / "trials.csv").read_text(encoding="utf-8"))))
    assert odd not in (runs(tuning) / "report.html").read_text(encoding="utf-8")


LOOKING = '''\
"""The third trial waits for the table to tell of the first."""

import pathlib
import time

TABLE = pathlib.Path(__file__).parent / "runs/tiny/trials.csv"


def score(trial, config):
    """Return the trial's number."""
    deadline = time.monotonic() + 300
    while trial.number == 2 and len(TABLE.read_text().splitlines()) < 2:
        assert time.monotonic() < deadline, "the table was not brought up to date"
        time.sleep(0.05)
    return float(trial.number)
'''


def test_the_table_is_up_to_date_while_a_study_runs_and_again_after_a_kill(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 3\n", objective=LOOKING)
    done = qgtune_alone(tuning)
    assert done.returncode == 0, done.stderr
    assert "3 complete" in done.stdout, done.stdout
    # What a kill leaves is a study that is ahead of its tables: the next run brings them up to date.
    (runs(tuning) / "trials.csv").unlink()
    assert qgtune_here(tuning).returncode == 0
    assert len((runs(tuning) / "trials.csv").read_text().splitlines()) == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_done(tmp_path):
    tuning = own_study(tmp_path, [made(0.5)])
    runs(tuning).chmod(0o500)
    done = command("report", tuning)
    runs(tuning).chmod(0o700)
    assert done.returncode == 1
    assert "QG413" in done.stderr


def test_an_output_folder_that_is_a_file_is_said(tmp_path):
    tuning = own_study(tmp_path, [made(0.5)])
    journal = runs(tuning) / "study.log"
    journal.rename(tmp_path / "kept.log")
    runs(tuning).rmdir()
    runs(tuning).write_text("")
    tuning.write_text(tuning.read_text() + "storage: kept.log\n")
    done = command("report", tuning)
    assert done.returncode == 1
    assert "QG413" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_study_that_is_not_there_is_said_at_the_setting(tmp_path):
    for words in (["report"], ["status"], ["trials"], ["show"]):
        number = ["3"] if words == ["show"] else []
        done = command(*words, write_project(tmp_path), *number)
        assert done.returncode == 1
        assert "there is no file" in done.stderr
        assert not (tmp_path / "runs").exists()


def test_trials_are_listed_the_best_first(project):
    done = command("trials", project, "--sort", "value", "--top", 3, "--format", "json")
    rows = json.loads(done.stdout)
    values = [
        float(row["value"]) for row in csv.DictReader(io.StringIO((runs(project) / "trials.csv").read_text()))
    ]
    assert [row["value"] for row in rows] == sorted(values)[:3]


def test_a_column_that_is_not_there_names_the_nearest(project):
    done = command("trials", project, "--sort", "valu")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean value?" in done.stderr


def test_a_trial_is_shown_with_its_config(project):
    done = command("show", project, 4)
    assert done.returncode == 0
    assert done.stdout.startswith("# study tiny, trial 4: complete\n")
    assert "  warmup: " in done.stdout
    assert "# follows training.learning_rate" in done.stdout
    assert "its trials are 0 to 11" in command("show", project, 99).stderr


def test_the_status_says_how_far_the_study_has_come(project):
    assert command("status", project).stdout.startswith(
        "study tiny: 12 of 12 trials finished (12 complete)\n"
    )


def test_a_study_loads_in_python_from_its_tuning_file_and_from_its_journal(project):
    study = qgtune.load_study(project)
    assert len(study.trials) == 12
    assert qgtune.load_study(runs(project) / "study.log").best_value == study.best_value
    assert qgtune.load_study(study) is study
    with pytest.raises(DiagnosticError):
        qgtune.load_study(project.with_name("nothing.yaml"))


def test_results_come_as_a_data_frame_and_as_importances(project):
    pytest.importorskip("pandas")
    frame = qgtune.trials_frame(project)
    assert frame.shape[0] == 12
    assert frame["value"].min() == qgtune.load_study(project).best_value
    shares = qgtune.parameter_importances(project)
    assert sum(shares.values()) == pytest.approx(1)
    assert next(iter(shares)) == "training.learning_rate"


def test_importances_that_are_undefined_say_why(tmp_path):
    with pytest.raises(QgtuneError, match="fewer than two complete trials"):
        qgtune.parameter_importances(own_study(tmp_path, [made(0.5)]))


def test_every_plot_has_its_axes(project):
    pytest.importorskip("matplotlib").use("Agg")
    for name in ("history", "importance", "slices", "timeline"):
        assert getattr(qgtune, f"plot_{name}")(project) is not None


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ("", ""),
        ("study_name: none\n", "study_name: none"),
        ("study_name: none\noutput_dir: nowhere\n", "output_dir: nowhere"),
        ("study_name: none\nstorage: none.log\noutput_dir: nowhere\n", "storage: none.log"),
    ],
)
def test_a_study_that_is_not_there_is_told_at_the_setting_that_says_where_it_is(tmp_path, settings, shown):
    tuning = write_project(tmp_path)
    tuning.write_text(tuning.read_text().replace("study_name: tiny\n", settings))
    done = command("report", tuning)
    assert done.returncode == 1
    assert "error[QG419]" in done.stderr
    lines = tuning.read_text().splitlines()
    assert [line for line in lines if f" | {line}\n" in done.stderr] == ([shown] if shown else [])
    line = lines.index(shown) + 1 if shown else 1
    assert f"tuning.yaml:{line}:" in done.stderr


@pytest.mark.parametrize(("settings", "shown"), [("", ""), ("study_name: taken\n", "study_name: taken")])
def test_a_folder_that_no_key_names_is_not_told_at_another_key(tmp_path, settings, shown):
    tuning = write_project(tmp_path)
    tuning.write_text(tuning.read_text().replace("study_name: tiny\n", settings))
    (tmp_path / "runs").write_text("")
    done = command("run", tuning)
    assert done.returncode == 1
    assert "error[QG413]" in done.stderr
    lines = tuning.read_text().splitlines()
    assert [line for line in lines if f" | {line}\n" in done.stderr] == ([shown] if shown else [])
