"""Exported scripts give what ``qgtune train`` gives, in a process that has no qgtune."""

import json
import math
import subprocess
import sys

import pytest
import torch
from exported_configs import CLOSE, EXACT, write_data

from qgtune.compiler.runnable import read_runnable
from qgtune.script_export import export_script
from qgtune.single_training import train_config

RUNNER = '''\
"""Runs scripts where qgtune cannot be imported; prints what each prints."""

import contextlib
import importlib.abc
import io
import json
import runpy
import sys


class Refusal(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "qgtune":
            raise ImportError("there is no qgtune here")


sys.meta_path.insert(0, Refusal())
import torch

torch.set_num_threads(1)
printed = {}
for script in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        runpy.run_path(script, run_name="__main__")
    printed[script] = output.getvalue()
assert not any(name.partition(".")[0] == "qgtune" for name in sys.modules)
print(json.dumps(printed))
'''


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return of each config what a training tells, as its script would print it, and what the script prints."""
    folder = tmp_path_factory.mktemp("exported")
    threads = torch.get_num_threads()
    # The tensors are tiny, and the number of threads is what both have to agree on.
    torch.set_num_threads(1)
    write_data(folder)
    scripts, told = {}, {}
    # A script that does not stand beside its config: relative paths are its own.
    (folder / "scripts").mkdir()
    for name, text in (EXACT | CLOSE).items():
        config = folder / f"{name}.yaml"
        config.write_text(text, encoding="utf-8")
        runnable = read_runnable(config)
        scripts[name] = folder / "scripts" / f"{name}.py"
        export_script(runnable, scripts[name])
        epochs = []
        outcome = train_config(
            runnable, folder / f"{name}_trained", on_epoch=epochs.append, on_notice=[].append
        )
        told[name] = (epochs, outcome.model)
    (folder / "runner.py").write_text(RUNNER, encoding="utf-8")
    torch.set_num_threads(threads)
    done = subprocess.run(
        [sys.executable, str(folder / "runner.py"), *map(str, scripts.values())],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.splitlines()[-1])
    return {name: (*told[name], parsed(printed[str(path)])) for name, path in scripts.items()}


def parsed(text):
    """Return what a script prints: the train loss and metrics of each epoch, and the metrics of the sections."""
    epochs, sections, best = [], {}, None
    for line in text.splitlines():
        words = line.split()
        if words[0] == "epoch":
            names = ["train loss", *words[5::2]]
            epochs.append(dict(zip(names, words[4::2], strict=True)))
        elif line.startswith("  "):
            sections[list(sections)[-1]][words[0]] = words[1]
        elif words[0] == "the":
            best = int(words[-1])
        else:
            sections[line] = {}
    return epochs, sections, best


@pytest.mark.parametrize("name", EXACT)
def test_a_script_gives_the_same_digits_as_a_training(results, name):
    """Each epoch, the best one, and each metric of each section."""
    epochs, model, (own_epochs, own_sections, own_best) = results[name]
    assert [
        {key: f"{({'train loss': epoch.train_loss} | epoch.metrics)[key]:.6g}" for key in own}
        for epoch, own in zip(epochs, own_epochs, strict=True)
    ] == own_epochs
    assert own_best == model.epoch
    assert own_sections.keys() == model.metrics.keys()
    assert model.metric in own_sections["validation"]
    for section, metrics in own_sections.items():
        assert metrics == {key: f"{model.metrics[section][key]:.6g}" for key in metrics}


@pytest.mark.parametrize("name", CLOSE)
def test_a_script_with_weighted_sums_gives_nearly_the_same(results, name):
    """The losses agree to four digits, while rounding has not yet led the trainings apart."""
    epochs, _, (own_epochs, _, _) = results[name]
    assert len(own_epochs) == len(epochs)
    for epoch, own in zip(epochs, own_epochs, strict=True):
        assert math.isclose(float(own["train loss"]), epoch.train_loss, rel_tol=1e-4)
        assert math.isclose(float(own["loss"]), epoch.metrics["loss"], rel_tol=1e-4)
