"""The command line: what it prints, what it imports, and its exit codes."""

import json
import re
import subprocess
import sys

import pytest
import yaml
from own_projects import qgtune as qgtune_alone
from own_projects import qgtune_here as qgtune
from own_projects import write_project

from qgtune import cli


def test_check_prints_what_a_trial_samples_and_what_follows(tmp_path):
    write_project(tmp_path, "n_trials: 3\nn_processes: 2\n")
    done = qgtune_alone("check", "tuning.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "tuning.yaml: 2 parameters\n"
        "  training.learning_rate  float from 0.001 to 1.0, log\n"
        "  training.batch_size     one of 16, 32, 64\n"
        "1 reference\n"
        "  training.warmup follows training.learning_rate\n"
        "parameters  1 float, 1 categorical\n"
        "size        3 combinations beside 1 continuous range\n"
        "references  1\n"
        "a trial     calls objective.py:score; its value is minimized\n"
        "trials      3 in 2 processes\n"
    )


def test_checking_and_importing_import_neither_torch_nor_optuna(tmp_path):
    write_project(tmp_path, "task: graph_classification\ndata: {name: causal_sets}\n")
    script = (
        "import sys, qgtune, qgtune.cli\n"
        "qgtune.cli.main(['check', 'tuning.yaml'])\n"
        "print(sorted({'torch', 'optuna', 'torch_geometric', 'sklearn', 'scipy', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_console_script_and_the_module_are_the_same(tmp_path):
    write_project(tmp_path)
    script = subprocess.run(
        [f"{sys.prefix}/bin/qgtune", "check", "tuning.yaml"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert script.stdout == qgtune_alone("check", "tuning.yaml", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "words", [[], ["check"], ["tuning.yaml", "--no-such-option"], ["check", "a", "b"], ["--quiet"]]
)
def test_wrong_usage_exits_with_2_and_shows_the_usage(words, capsys):
    assert cli.main(words) == 2
    assert "usage: qgtune" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["check", "--help"], ["--quiet", "--help"]])
def test_help_and_version_exit_with_0(words, capsys):
    assert cli.main(words) == 0
    assert "qgtune" in capsys.readouterr().out


@pytest.mark.parametrize("command", [[], ["check"]])
def test_a_tuning_file_that_does_not_exist_is_a_problem_not_a_traceback(command, capsys):
    assert cli.main([*command, "nowhere.yaml"]) == 1
    assert capsys.readouterr().err.startswith("nowhere.yaml: error[QG101]: the file cannot be read")


def test_a_fault_of_our_own_exits_with_3_and_says_so(tmp_path, monkeypatch, capsys):
    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr("qgtune.compiler.prepare.prepare", fail)
    assert cli.main(["check", str(write_project(tmp_path))]) == 3
    assert "a fault of qgtune's own" in capsys.readouterr().err


def test_quiet_prints_only_the_summary(tmp_path):
    done = qgtune(write_project(tmp_path, "n_trials: 2\n"), "--quiet")
    assert done.returncode == 0
    assert re.fullmatch(r"study tiny: 2 complete \(2 of 2 trials, .+ s\)", done.stdout.splitlines()[1])


def test_a_run_says_its_end_once(tmp_path):
    done = qgtune_alone(write_project(tmp_path, "n_trials: 2\n"))
    assert done.stdout.count("2 of 2 trials") == 1


@pytest.mark.parametrize("words", [["--quiet", "nowhere.yaml"], ["--quiet", "run", "nowhere.yaml"]])
def test_options_may_stand_before_the_tuning_file(words, capsys):
    assert cli.main(words) == 1
    assert capsys.readouterr().err.startswith("nowhere.yaml: error[QG101]")


def test_options_may_stand_before_check(tmp_path, capsys):
    assert cli.main(["--format=json", "check", str(write_project(tmp_path))]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_problems_as_json_are_a_list_of_objects(tmp_path):
    write_project(tmp_path, dependencies="training:\n  warmup: training.rate\n  epochs: 3\n")
    done = qgtune("check", "tuning.yaml", "--format", "json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    [first, second] = json.loads(done.stdout)
    assert first == {
        "code": "QG301",
        "severity": "error",
        "file": "dependency_map.yaml",
        "line": 2,
        "column": 11,
        "end": {"line": 2, "column": 24},
        "message": "training.warmup follows training.rate, but there is no training.rate",
        "hint": "training has learning_rate, batch_size, warmup, epochs",
        "related": [],
    }
    assert second["code"] == "QG304"


def test_a_sound_project_as_json_is_an_empty_list(tmp_path):
    write_project(tmp_path)
    done = qgtune("check", "tuning.yaml", "--format", "json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_problems_for_github_are_one_escaped_line_each(tmp_path):
    write_project(tmp_path, dependencies="training:\n  warmup: training.rate\n")
    done = qgtune("check", "tuning.yaml", "--format", "github", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "::error file=dependency_map.yaml,line=2,endLine=2,col=11,title=QG301::training.warmup"
    )
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("best_param_path: a\nbest_config_path: b\n", "8:1: error[QG402]: best_config_path and best_param_path set the same thing"),
        ("5: x\n", "7:1: error[QG402]: the keys of a tuning file are names, but this one is the number 5"),
        ("data: {1: x}\n", "7:8: error[QG402]: the keys of data are names, but this one is the number 1"),
        ('study_name2: ""\n', "7:1: error[QG402]: 'study_name2' is not a key of a tuning file"),
        ('best_trial_path: ""\n', "7:18: error[QG403]: best_trial_path must have at least 1 character, but is ''"),
        ("output_dir: ~nobody-has-this-name/x\n", "7:13: error[QG403]: output_dir must begin with a home folder that is known"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_said_at_its_key_or_value(tmp_path, capsys, lines, said):
    assert cli.main(["check", str(write_project(tmp_path, lines))]) == 1
    assert f"tuning.yaml:{said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "key", ["storage", "output_dir", "built_search_space_path", "best_trial_path", "best_config_file"]
)
def test_a_path_has_no_control_characters(tmp_path, capsys, key):
    assert cli.main(["check", str(write_project(tmp_path, f'{key}: "a\\0b"\n'))]) == 1
    assert f"error[QG403]: {key} must have no control characters" in capsys.readouterr().err


@pytest.mark.parametrize(
    "key", ["base_settings_path", "search_space_path", "dependency_mapping_path", "objective"]
)
def test_the_name_of_an_input_has_no_control_characters(tmp_path, capsys, key):
    tuning = write_project(tmp_path)
    text = re.sub(rf"^{key}: .*$", f'{key}: "a\\\\0b.py:score"', tuning.read_text(), flags=re.MULTILINE)
    tuning.write_text(text)
    assert cli.main(["check", str(tuning)]) == 1
    assert f"error[QG403]: {key} must have no control characters" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a\\b", "a\nb"])
def test_a_study_name_can_be_the_name_of_a_folder(tmp_path, capsys, name):
    tuning = write_project(tmp_path)
    tuning.write_text(tuning.read_text().replace("study_name: tiny", f"study_name: {json.dumps(name)}"))
    assert cli.main(["check", str(tuning)]) == 1
    assert "error[QG403]: study_name " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "where", "names"),
    [
        ("best_param_path: base_settings.yaml\n", "7:18", "best_param_path and base_settings_path"),
        ("best_trial_file: sub/../search_space.yaml\n", "7:18", "best_trial_file and search_space_path"),
        ("built_search_space_path: dependency_map.yaml\n", "7:26", "built_search_space_path and dependency_mapping_path"),
        ("best_trial_path: objective.py\n", "7:18", "best_trial_path and objective"),
        ("storage: tuning.yaml\n", "7:10", "storage and the tuning file"),
        ("best_trial_path: x\nbest_param_path: ./x\n", "8:18", "best_param_path and best_trial_path"),
        ("best_trial_path: runs/tiny/trials.csv\n", "7:18", "trials.csv and best_trial_path"),
        ("best_trial_path: runs/tiny/study.log\n", "7:18", "the default of storage and best_trial_path"),
        ("storage: link.yaml\n", "7:10", "storage and base_settings_path"),
    ],
)  # fmt: skip
def test_one_file_is_not_both_written_and_anything_else(tmp_path, capsys, lines, where, names):
    tuning = write_project(tmp_path, lines)
    (tmp_path / "link.yaml").symlink_to("base_settings.yaml")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert cli.main([str(tuning)]) == 1
    said = capsys.readouterr().err
    assert f"tuning.yaml:{where}: error[QG403]: {names} are both" in said
    assert "but one file cannot be both" in said
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_sample_prints_configs_as_trials_get_them(tmp_path):
    write_project(tmp_path)
    # Two of them in processes of their own: what is drawn depends on the seed alone.
    first, again, other = (
        command("sample", "tuning.yaml", "-n", "3", "--seed", seed, cwd=tmp_path)
        for command, seed in ((qgtune_alone, 1), (qgtune_alone, 1), (qgtune, 2))
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == again.stdout != other.stdout
    configs = list(yaml.safe_load_all(first.stdout))
    assert len(configs) == 3
    for config in configs:
        assert config["training"]["warmup"] == config["training"]["learning_rate"]
        assert config["model"] == {"dims": [8, 4]}
    assert "  # float from 0.001 to 1.0, log" in first.stdout


@pytest.mark.parametrize("words", [["-n", "0"], ["--seed", "-1"], ["-n", "many"]])
def test_sample_refuses_numbers_that_mean_nothing(words, tmp_path, capsys):
    assert cli.main(["sample", str(write_project(tmp_path)), *words]) == 2
    assert capsys.readouterr().err


def test_a_misspelled_file_name_is_answered_with_the_file_that_is_there(tmp_path):
    tuning = write_project(tmp_path)
    text = (
        tuning.read_text()
        .replace("search_space.yaml", "serch_space.yaml")
        .replace("objective.py:", "objectve.py:")
    )
    tuning.write_text(text)
    done = qgtune("check", "tuning.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "did you mean 'search_space.yaml'?" in done.stderr
    assert "did you mean 'objective.py'?" in done.stderr
