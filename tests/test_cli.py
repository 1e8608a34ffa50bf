"""The command line: what it prints, what it imports, and its exit codes."""

import json
import subprocess
import sys

import pytest
from own_projects import qgtune, write_project

from qgtune import cli


def test_check_prints_what_a_trial_samples_and_what_follows(tmp_path):
    write_project(tmp_path, "n_trials: 3\nn_processes: 2\n")
    done = qgtune("check", "tuning.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "tuning.yaml: 2 parameters\n"
        "  training.learning_rate  float from 0.001 to 1.0, log\n"
        "  training.batch_size     one of 16, 32, 64\n"
        "1 reference\n"
        "  training.warmup follows training.learning_rate\n"
        "3 trials in 2 processes\n"
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
    assert script.stdout == qgtune("check", "tuning.yaml", cwd=tmp_path).stdout


@pytest.mark.parametrize("words", [[], ["check"], ["tuning.yaml", "--no-such-option"], ["check", "a", "b"]])
def test_wrong_usage_exits_with_2_and_shows_the_usage(words, capsys):
    assert cli.main(words) == 2
    assert "usage: qgtune" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["check", "--help"]])
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
    assert done.stdout.splitlines()[1] == "study tiny: 2 complete"


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
