"""How long the report of a long study takes, and how large its page is.

A study of 5,000 trials is written to a journal, once with 20 parameters and once with 100; then the command
``qgtune report`` makes all of its files again.
"""

import argparse
import math
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import optuna
from optuna.distributions import FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import create_trial

_TUNING = """\
base_settings_path: base_settings.yaml
search_space_path: search_space.yaml
objective: objective.py:score
study_name: long
"""
_OBJECTIVE = (
    '"""Nothing is trained here."""\n\n\ndef score(trial, config):\n    """Return 0."""\n    return 0.0\n'
)
_START = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as studies keep their times


def write_study(folder: Path, parameters: int, trials: int) -> Path:
    """Write a project and its study; return the tuning file."""
    names = [f"rate_{index}" for index in range(parameters)]
    files = {
        "tuning.yaml": _TUNING,
        "objective.py": _OBJECTIVE,
        "base_settings.yaml": "model:\n" + "".join(f"  {name}: 0.5\n" for name in names),
        "search_space.yaml": "model:\n"
        + "".join(f"  {name}: {{type: float, low: 0.0, high: 1.0}}\n" for name in names),
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    journal = folder / "runs" / "long" / "study.log"
    journal.parent.mkdir(parents=True)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(study_name="long", storage=storage)
    domain = FloatDistribution(0.0, 1.0)
    draw = random.Random(1)  # noqa: S311 - figures, not secrets
    for number in range(trials):
        params = {f"model.{name}": draw.random() for name in names}
        value = math.fsum((share - 0.3) ** 2 / (i + 1) for i, share in enumerate(params.values()))
        trial = create_trial(
            value=value,
            params=params,
            distributions=dict.fromkeys(params, domain),
            intermediate_values={step: value + 1 / (step + 1) for step in range(5)},
        )
        trial.datetime_start = _START + timedelta(seconds=number)
        trial.datetime_complete = trial.datetime_start + timedelta(seconds=2)
        study.add_trial(trial)
    return folder / "tuning.yaml"


def measure(parameters: int, trials: int) -> None:
    """Print how long ``qgtune report`` takes with and without pictures, and how large its page is."""
    with tempfile.TemporaryDirectory() as folder:
        tuning = write_study(Path(folder), parameters, trials)
        seconds = []
        for words in (["--no-plots"], []):
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "qgtune", "report", str(tuning), *words],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds.append(time.perf_counter() - began)
        size = (tuning.parent / "runs" / "long" / "report.html").stat().st_size / 1e6
    print(
        f"{trials} trials, {parameters} parameters: report.html {size:.1f} MB; qgtune report "
        f"{seconds[0]:.1f} s without pictures, {seconds[1]:.1f} s with them"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=5_000)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for parameters in (20, 100):
        measure(parameters, options.trials)


if __name__ == "__main__":
    main()
