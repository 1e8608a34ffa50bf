"""The samples and the guide's own files run through the real command line, on less data and for fewer trials."""

import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from own_projects import finished_trials
from own_projects import qgtune as qgtune_alone
from own_projects import qgtune_here as qgtune

from qgtune.compiler.prepare import prepare

ROOT = pathlib.Path(__file__).parent.parent
SAMPLES = sorted(path for path in (ROOT / "sample_configs").iterdir() if path.is_dir())

SMALLER = {
    r"num_graphs: \d+": "num_graphs: 330",
    r"n_trials: \d+": "n_trials: 2",
    r"n_iterations: \d+": "n_iterations: 1",
    r"num_epochs: (\d+|\[.*\])": "num_epochs: 2",
    r"checkpoint_path: .*": "checkpoint_path: checkpoints",
}


def smaller_copy(source, folder):
    """Copy a project; make its data, its trials and its epochs fewer."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("runs"))
    for path in folder.glob("*.yaml"):
        text = path.read_text()
        for pattern, replacement in SMALLER.items():
            text = re.sub(pattern, replacement, text)
        path.write_text(text)
    return folder / "tuning.yaml"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_sound_and_quiet(sample):
    prepared = prepare(sample / "tuning.yaml")
    assert prepared.warnings == ()
    assert len(prepared.compilation.plan.suggestions) >= 8


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_runs_and_its_best_config_is_its_base_settings_with_a_new_header(sample, tmp_path):
    tuning = smaller_copy(sample, tmp_path / "sample")
    done = qgtune(tuning)
    assert done.returncode == 0, done.stdout + done.stderr
    output = tmp_path / "sample" / "runs" / sample.name
    assert len(finished_trials(output)) == 2
    base = (tmp_path / "sample" / "base_settings.yaml").read_text()
    best = (output / "best_config.yaml").read_text()
    if sample.name == "tuned_depth":  # its number of layers varies, and with it the number of lines
        layers = yaml.safe_load((output / "best_trial.yaml").read_text())["model.gcn_net.count"]
        assert len(yaml.safe_load(best)["model"]["gcn_net"]) == layers
        base, best = (
            re.sub(r"  gcn_net:.*?(?=  pooling_layer)", "", text, flags=re.DOTALL) for text in (base, best)
        )
    lines = keys_of(best)[2:]
    assert lines[: len(keys_of(base))] == keys_of(base)
    purpose = lines[len(keys_of(base)) :]
    assert [key for key in purpose if not key.startswith(" ")] == ["task", "data", "metric"]


def keys_of(text):
    """Return what each line begins with."""
    return [line.split(":")[0] for line in text.splitlines()]


def test_the_demo_is_at_least_20_trials_in_2_processes():
    settings = prepare(ROOT / "sample_configs/causal_sets/tuning.yaml").tuning.settings
    assert (settings.total_trials, settings.n_processes) == (24, 2)
    assert (
        "\t$(BIN)/python -m qgtune sample_configs/causal_sets/tuning.yaml\n"
        in (ROOT / "Makefile").read_text()
    )


def test_the_guides_files_run_with_the_built_in_task(tmp_path):
    tuning = smaller_copy(ROOT / "tests" / "guide", tmp_path / "guide")
    text = tuning.read_text().replace("base_settings.yam ", "base_settings.yaml ").replace("false", "true")
    tuning.write_text(f"{text}task: graph_classification\ndata: {{name: causal_sets, num_graphs: 330}}\n")
    done = qgtune_alone(tuning)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 complete" in done.stdout
    assert done.stdout.count("CUDA") <= 1  # said once, whatever the number of workers
    best = yaml.safe_load((tmp_path / "guide/best_params.yaml").read_text())
    assert best["model"]["classifier"]["hidden_dims"] == [48, 18]
    assert best["model"]["classifier"]["input_dim"] == best["model"]["gcn_net"][2]["out_dim"]
    assert (tmp_path / "guide/experiments/results.log").exists()
    assert (tmp_path / "guide/built_search_space.yaml").exists()
    assert (tmp_path / "guide/best_trial.yaml").exists()


def test_git_shows_only_tuned_and_followed_lines_and_the_header(tmp_path):
    tuning = smaller_copy(ROOT / "sample_configs" / "causal_sets", tmp_path / "sample")
    assert qgtune(tuning).returncode == 0
    folder = tmp_path / "sample"
    shown = subprocess.run(
        [
            "git",
            "diff",
            "--no-index",
            "-U0",
            folder / "base_settings.yaml",
            folder / "runs/causal_sets/best_config.yaml",
        ],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    # What the config is for stands at its end.
    shown = shown.partition("\n+task:")[0]
    added = [line[1:].strip().split(":")[0] for line in shown.splitlines() if re.match(r"\+[^+]", line)]
    compilation = prepare(tuning).compilation
    varying = {s.path for s in compilation.plan.suggestions} | {
        step.target for step in compilation.plan.steps
    }
    keys = {next(part for part in reversed(path) if isinstance(part, str)) for path in varying}
    comments = [key for key in added if key.startswith("#")]
    assert len(comments) == 2
    assert {key.lstrip("- ") for key in added if not key.startswith("#")} <= keys
