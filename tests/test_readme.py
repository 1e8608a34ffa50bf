"""Whatever the README and the docs say is so."""

import pathlib
import re
import subprocess
import sys

import yaml
from own_projects import environment, qgtune_here

from qgtune.schema.data import DATA_SETTINGS
from qgtune.schema.gnn import METRICS
from qgtune.schema.tuning import TuningSettings, key_spellings

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands():
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ").split("#")[0].strip() for line in lines if line.startswith("$ ")]


def test_every_command_of_the_readme_is_known_to_a_test():
    assert commands() == [
        "make demo",  # runs what the last of these is, see test_samples
        "make test",  # runs this
        "python -m qgtune check sample_configs/causal_sets/tuning.yaml",
        "python -m qgtune sample_configs/causal_sets/tuning.yaml",  # test_samples runs it on less data
    ]


def test_the_check_command_of_the_readme_works_as_written():
    command = commands()[2].replace("python", sys.executable, 1).split()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sample_configs/causal_sets/tuning.yaml: 13 parameters\n")


def write_the_readmes_files(folder):
    base, space, dependencies, tuning = blocks("yaml")
    for name, text in (
        ("base_settings", base),
        ("search_space", space),
        ("dependency_map", dependencies),
        ("tuning", tuning),
    ):
        (folder / f"{name}.yaml").write_text(text)


def test_the_readmes_files_are_complete(tmp_path):
    write_the_readmes_files(tmp_path)
    done = qgtune_here("check", "tuning.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readmes_script_runs_on_the_readmes_files(tmp_path):
    write_the_readmes_files(tmp_path)
    (tmp_path / "script.py").write_text(blocks("python")[0] + "print(len(study.trials))\n")
    done = subprocess.run(
        [sys.executable, "script.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(),
    )
    assert (done.returncode, done.stdout) == (0, "10\n"), done.stderr


def test_the_readmes_excerpts_are_of_the_sample():
    sample = ROOT / "sample_configs" / "causal_sets"

    def check(excerpt, whole):
        if isinstance(excerpt, dict):
            for key, value in excerpt.items():
                check(value, whole[key])
        elif isinstance(excerpt, list) and excerpt and isinstance(excerpt[0], dict):
            for part, item in zip(excerpt, whole, strict=True):
                check(part, item)
        else:
            assert excerpt == whole

    for text, name in zip(
        blocks("yaml")[:3], ("base_settings", "search_space", "dependency_map"), strict=True
    ):
        check(yaml.safe_load(text), yaml.safe_load((sample / f"{name}.yaml").read_text()))


def test_the_diagnostic_of_the_readme_is_the_real_one():
    [shown] = [block for block in blocks("text") if "QG301" in block]
    assert shown.strip() in (ROOT / "tests/golden/QG301-path-to-nothing/expected.txt").read_text()


def test_the_page_on_tuning_files_names_every_key_metric_and_data_set():
    page = (ROOT / "docs/tuning.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_0-9]+)`", page))
    for field in TuningSettings.model_fields:
        assert named & set(key_spellings(field)), field
    assert set(METRICS) <= named
    assert set(DATA_SETTINGS) <= named
