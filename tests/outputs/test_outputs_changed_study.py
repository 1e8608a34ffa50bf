"""Laws of a report on a study whose files, or whose directions, are not those that it was begun with."""

import json
import shutil

import jsonschema
import pytest
from made_studies import made_study, made_trial, runs_of
from own_projects import BASE, SPACE, qgtune_here, write_project

from qgtune import load_study
from qgtune.compiler.prepare import prepare
from qgtune.core.errors import DiagnosticError
from qgtune.outputs.best_trials import best_of_tuning
from qgtune.schema.export import schemas

CONFIGS = ("best_config.yaml", "best_trial.yaml", "built_search_space.yaml")
CHANGES = {
    "base settings": {"base": BASE.replace("epochs: 3", "epochs: 4")},
    "search space": {"space": SPACE.replace("high: 1.0", "high: 0.5")},
    "dependency map": {"dependencies": "{}\n"},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project whose study has six trials; nobody changes it."""
    tuning = write_project(tmp_path_factory.mktemp("finished"), "n_trials: 6\n")
    done = qgtune_here(tuning)
    assert done.returncode == 0, done.stderr
    return tuning


@pytest.fixture
def project(finished, tmp_path):
    return shutil.copytree(finished.parent, tmp_path / "project")


@pytest.mark.parametrize("what", CHANGES)
def test_no_config_is_written_that_no_trial_had(project, what):
    runs = project / "runs/tiny"
    before = {name: (runs / name).read_bytes() for name in CONFIGS}
    trials = (runs / "trials.csv").read_bytes()
    (runs / "trials.csv").unlink()
    tuning = write_project(project, "n_trials: 6\n", **CHANGES[what])
    done = qgtune_here("report", tuning, "--no-plots")
    assert done.returncode == 0, done.stderr
    assert "has changed since the study began" in done.stderr
    assert "best_config.yaml, are left as they are" in done.stderr
    assert {name: (runs / name).read_bytes() for name in CONFIGS} == before
    assert (runs / "trials.csv").read_bytes() == trials
    for page in ("summary_report.md", "report.html"):
        assert "has changed since the study began" in (runs / page).read_text(encoding="utf-8"), page
    summary = json.loads((runs / "study_summary.json").read_text())
    jsonschema.validate(summary, schemas()["study_summary.schema.json"])
    assert summary["fingerprint"] == ""


def test_the_config_of_the_best_trial_is_not_known_where_the_files_do_not_give_it_any_more(project):
    assert best_of_tuning(prepare(project / "tuning.yaml")).config["training"]["epochs"] == 3
    tuning = write_project(project, "n_trials: 6\n", **CHANGES["base settings"])
    found = best_of_tuning(prepare(tuning))
    assert found.config is None
    assert found.number is not None


def test_pages_of_a_study_that_has_not_changed_say_nothing_of_it(project):
    assert qgtune_here("report", project / "tuning.yaml", "--no-plots").stderr == ""
    for page in ("summary_report.md", "report.html"):
        assert "has changed" not in (project / "runs/tiny" / page).read_text(encoding="utf-8")


def test_a_metric_that_was_renamed_since_does_not_name_the_old_values(tmp_path):
    tuning = write_project(tmp_path, "")
    study = made_study(tuning, ["minimize"], [(0.5,)])
    study.set_user_attr("qgtune:space_fingerprint", "another")
    study.set_user_attr("qgtune:space", json.dumps({"measured": {"metric": "f1_weighted"}}))
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    runs = tmp_path / "runs/tiny"
    assert json.loads((runs / "best_params.json").read_text())["metrics"] == ["f1_weighted"]
    assert not (runs / "best_config.yaml").exists()


TURNED = {
    "turned round": (["minimize"], "direction: maximize\n", [(0.1,), (0.9,)]),
    "two to one": (["minimize", "maximize"], "direction: minimize\n", [(0.1, 1.0), (0.9, 2.0)]),
    "one to two": (["minimize"], "directions: [minimize, maximize]\n", [(0.1,), (0.9,)]),
}


@pytest.mark.parametrize("how", TURNED)
@pytest.mark.parametrize("command", ["report", "clean", "show", "status"])
def test_a_study_that_was_begun_with_other_directions_is_refused_at_the_setting(tmp_path, how, command):
    directions, setting, values = TURNED[how]
    tuning = write_project(tmp_path, setting)
    made_study(tuning, directions, values)
    before = sorted(path.name for path in (tmp_path / "runs/tiny").iterdir())
    done = qgtune_here(command, tuning, *(["0"] if command == "show" else []))
    assert done.returncode == 1
    assert "tuning.yaml:7:" in done.stderr
    assert "error[QG414]" in done.stderr
    assert f"write {', '.join(directions)}, or choose another study_name" in done.stderr
    assert sorted(path.name for path in (tmp_path / "runs/tiny").iterdir()) == before


def test_a_study_that_was_begun_with_other_directions_is_not_loaded_for_a_script_either(tmp_path):
    tuning = write_project(tmp_path, "direction: maximize\n")
    study = made_study(tuning, ["minimize"], [(0.5,)])
    with pytest.raises(DiagnosticError, match="keeps the direction that it was begun with"):
        load_study(tuning)
    assert load_study(runs_of(tuning) / "study.log").study_name == study.study_name


def test_a_run_of_a_study_that_was_turned_round_in_the_file_since_can_be_stopped(tmp_path):
    tuning = write_project(tmp_path, "direction: maximize\n")
    made_study(tuning, ["minimize"], [(0.5,)])
    done = qgtune_here("stop", tuning)
    assert (done.returncode, "no run is at work" in done.stdout) == (0, True), done.stderr


def front_of(tuning):
    return {path.name for path in (runs_of(tuning) / "best_configs").iterdir()}


def test_a_config_of_the_front_that_was_edited_is_kept_whether_its_trial_stays_or_leaves(tmp_path):
    tuning = write_project(tmp_path, "directions: [minimize, maximize]\n")
    study = made_study(tuning, ["minimize", "maximize"], [(1.0, 1.0), (2.0, 2.0), (3.0, 0.0)])
    folder = runs_of(tuning) / "best_configs"
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    assert front_of(tuning) == {"trial_00000.yaml", "trial_00001.yaml"}
    head = (folder / "trial_00000.yaml").read_text().splitlines()[0]
    assert head.startswith(
        "# Study tiny: trial 0 is one of 2 of 3 trials that no other beats, value 1.0, 1.0 ("
    )

    (folder / "trial_00000.yaml").write_text("mine: 0\n")
    (folder / "trial_00001.yaml").write_text("mine: 1\n")
    (folder / "trial_notes.yaml").write_text("notes\n")
    study.add_trial(made_trial((1.5, 3.0), 0.9))  # beats trial 1, which leaves the front
    done = qgtune_here("report", tuning, "--no-plots")
    assert done.returncode == 0, done.stderr
    kept = {"trial_00000.edited.yaml", "trial_00001.edited.yaml", "trial_notes.yaml"}
    assert front_of(tuning) == {"trial_00000.yaml", "trial_00003.yaml", *kept}
    assert done.stderr.count("was edited by hand: it is kept as") == 2

    again = qgtune_here("report", tuning, "--no-plots")
    assert again.stderr == ""
    assert front_of(tuning) == {"trial_00000.yaml", "trial_00003.yaml", *kept}
    assert (folder / "trial_00000.edited.yaml").read_text() == "mine: 0\n"
