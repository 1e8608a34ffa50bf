"""Every example runs as its page says."""

import csv
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from own_projects import environment, qgtune_here

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"
PAGE = (EXAMPLES / "README.md").read_text(encoding="utf-8")
COMMANDS = dict(re.findall(r"^\| `(\w+)` \|.*`python ([^`]*)` \|$", PAGE, re.MULTILINE))

GOOD = {
    "own_objective": (0.85, 1.0),  # accuracy, of ten classes, so that guessing reaches 0.1
    "own_script": (0.85, 1.0),
    "tuned_layers": (0.85, 1.0),
    "own_data": (0.8, 1.0),  # of three classes
    "own_task": (0.0, 0.4),  # the best interval that is the same for all graphs scores 0.55
}
"""Between which values the best trial of an example is worth showing."""
IN_THIS_PROCESS = ("own_data", "several_objectives", "tuned_layers")
"""Examples that run in the process of the tests, which has torch already; the others each in one of their own."""


@pytest.fixture
def copied(tmp_path):
    """A copy of the examples, so that nothing is left in the repository; without pictures, which take long."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("runs", "__pycache__"))
    for tuning in tmp_path.glob("examples/*/tuning.yaml"):
        tuning.write_text(f"{tuning.read_text(encoding='utf-8')}plots: false\n", encoding="utf-8")
    return tmp_path


def run(name, copied, **variables):
    """Run the command of an example in a copy of the repository; return what it printed."""
    words = COMMANDS[name].split()
    if name in IN_THIS_PROCESS:
        assert words[:2] == ["-m", "qgtune"]
        done = qgtune_here(*words[2:], cwd=copied)
    else:
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=copied,
            env={**environment(), **variables},
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed(project, site):
    """Write into a folder what the installation of a project of one module leaves there; return the folder."""
    about = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    metadata.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")
    groups = about["entry-points"].items()
    lines = [line for group, points in groups for line in (f"[{group}]", *map(" = ".join, points.items()))]
    (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for module in project.glob("*.py"):
        shutil.copy(module, site)
    return site


def test_every_folder_is_on_the_page_with_its_command():
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert set(COMMANDS) == folders == {*GOOD, "several_objectives"}
    assert all(f"examples/{name}/" in command for name, command in COMMANDS.items())


@pytest.mark.parametrize("name", [name for name in GOOD if name != "own_task"])
def test_an_example_runs_and_finds_something_good(name, copied):
    assert_good(name, run(name, copied), copied)


def test_the_task_of_your_own_is_known_once_its_package_is_installed(copied, tmp_path):
    refused = subprocess.run(
        [sys.executable, "-m", "qgtune", "check", "examples/own_task/tuning.yaml"],
        capture_output=True,
        text=True,
        check=False,
        cwd=copied,
        env=environment(),
    )
    assert refused.returncode == 1
    assert "there is no task 'intervals'" in refused.stderr
    site = installed(copied / "examples" / "own_task", tmp_path / "site")
    path = ":".join(filter(None, [str(site), environment().get("PYTHONPATH")]))
    assert_good("own_task", run("own_task", copied, PYTHONPATH=path), copied)


def assert_good(name, printed, copied):
    """Assert that the best value is good, and that its config is the base settings and what they are for."""
    low, high = GOOD[name]
    value = float(re.findall(r"best (?:\w+:|accuracy) ([\d.]+)", printed)[-1])
    assert low < value <= high
    [best] = copied.glob("examples/*/runs/**/best_config.yaml")
    base = copied / "examples" / name / "base_settings.yaml"
    purpose = {"task", "data", "metric"} if name in ("own_data", "own_task") else set()
    assert set(yaml.safe_load(best.read_text())) == set(yaml.safe_load(base.read_text())) | purpose


def test_several_objectives_leave_a_config_for_each_trial_that_no_other_beats(copied):
    printed = run("several_objectives", copied)
    output = copied / "examples/several_objectives/runs/several_objectives"
    rows = list(csv.DictReader((output / "trials.csv").read_text().splitlines()))
    values = [tuple(map(float, list(row.values())[2:4])) for row in rows]  # after number and state
    front = {
        number
        for number, (accuracy, nodes) in enumerate(values)
        if not any(a >= accuracy and n <= nodes and (a, n) != (accuracy, nodes) for a, n in values)
        and values.index((accuracy, nodes)) == number  # of equal ones the first stands for all
    }
    kept = {int(path.stem.removeprefix("trial_")) for path in (output / "best_configs").iterdir()}
    assert kept == front
    assert f"{len(front)} trials that no other beats" in printed
    accuracies = [values[number][0] for number in front]
    assert max(accuracies) > 0.9 > min(accuracies)
