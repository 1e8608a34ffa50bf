"""``qgtune check --deep`` and ``qgtune infer-dependencies`` through the command line."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from own_projects import environment, write_project

from qgtune import cli

ROOT = pathlib.Path(__file__).parent.parent
DIGITS = ROOT / "sample_configs/digits"
MISFIT = ROOT / "tests/golden/QG502-dims-do-not-meet"


def main(capsys, *words):
    """Return the exit code, and what was printed to stdout and to stderr."""
    code = cli.main([str(word) for word in words])
    return code, *capsys.readouterr()


def test_a_sound_project_is_built_and_told_as_a_plain_check_tells_it(capsys):
    _, plain, _ = main(capsys, "check", DIGITS / "tuning.yaml")
    code, said, problems = main(capsys, "check", "--deep", DIGITS / "tuning.yaml")
    assert (code, problems) == (0, "")
    assert said.startswith(plain)
    [coverage] = said.removeprefix(plain).splitlines()
    assert "distinct architecture" in coverage


def test_the_map_that_is_inferred_for_a_space_without_one_makes_its_deep_check_succeed(tmp_path, capsys):
    shutil.copytree(DIGITS, tmp_path, dirs_exist_ok=True)
    dependencies = tmp_path / "dependency_map.yaml"
    dependencies.write_text("")
    assert main(capsys, "check", "--deep", tmp_path / "tuning.yaml")[0] == 1
    code, proposed, problems = main(capsys, "infer-dependencies", tmp_path / "tuning.yaml")
    assert (code, problems) == (0, "")
    dependencies.write_text(proposed)
    code, _, problems = main(capsys, "check", "--deep", tmp_path / "tuning.yaml")
    assert (code, problems) == (0, "")


def test_nothing_is_said_twice_where_the_schema_and_the_models_find_the_same(tmp_path, capsys):
    shutil.copytree(DIGITS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "dependency_map.yaml").write_text("")
    _, said, _ = main(capsys, "check", "--deep", "--format", "json", tmp_path / "tuning.yaml")
    places = [(problem["file"], problem["line"], problem["column"]) for problem in json.loads(said)]
    assert places
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("form", ["json", "github"])
def test_programs_read_problems_alone_on_stdout(form, capsys):
    code, said, beside = main(capsys, "check", "--deep", "--format", form, MISFIT / "tuning.yaml")
    assert code == 1
    assert "QG502" in said
    assert "distinct architecture" in beside
    if form == "json":
        assert [problem["code"] for problem in json.loads(said)] == ["QG502"]
    else:
        assert all(line.startswith("::") for line in said.splitlines())


def test_a_misfit_is_an_error_beside_the_preview_and_the_coverage(capsys):
    code, said, problems = main(capsys, "check", "--deep", MISFIT / "tuning.yaml")
    assert code == 1
    assert problems.count("error[QG502]") == 1
    assert "\nparameters  " in said
    assert said.splitlines()[-1].startswith("built 6 distinct architectures")


def test_an_own_objective_is_not_built_and_told_why(tmp_path, capsys):
    code, said, _ = main(capsys, "check", "--deep", write_project(tmp_path))
    assert code == 0
    assert said.splitlines()[-1].startswith("nothing to build: ")


@pytest.mark.parametrize("words", [["check"], ["check", "--deep"]])
def test_files_with_other_mistakes_are_told_without_torch(words, tmp_path):
    tuning = write_project(tmp_path, space="training: {learning_rate: {type: flaot, low: 0.1, high: 1.0}}\n")
    script = (
        "import sys; from qgtune.cli import main; code = main(sys.argv[1:]); "
        "print('torch' in sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", script, *words, str(tuning)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 1
    assert "error[QG202]" in done.stderr
    assert done.stdout == "False\n"


@pytest.mark.parametrize("words", [["check", "--deep"], ["infer-dependencies"]])
def test_a_file_that_is_not_there_is_answered_with_the_one_that_is_meant(words, tmp_path, capsys):
    write_project(tmp_path)
    code, _, problems = main(capsys, *words, tmp_path / "tunning.yaml")
    assert code == 1
    assert "did you mean 'tuning.yaml'?" in problems


def test_settings_without_a_model_are_told_so(tmp_path, capsys):
    code, said, problems = main(capsys, "infer-dependencies", write_project(tmp_path))
    assert (code, said) == (2, "")
    assert "nothing to infer" in problems
