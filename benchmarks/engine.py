"""What the engine costs beside the objective: overhead of a trial, idle workers, starting, opening.

* Overhead: trials of 10 ms with ten parameters, in one worker, against ``study.optimize`` of Optuna with the
  same sampler and a journal file. Ours is all of a run as a user starts it: the config is resolved,
  duplicates are looked for, the tables are written. From the first trial's beginning to the last one's end.
* Efficiency: trials of 200 ms of work for one core, a worker for each of two cores, against two bare
  processes that do half of the work each.
* Starting: from the command to the first trial of a built-in task, which trains with torch; and from the
  death of a worker to its successor, forked from the server that has loaded everything.
* Opening: ``open_study`` on a journal of 10,000 trials of 20 parameters and 20 reported epochs, and
  ``qgtune status`` on it, the interpreter's start included.

Both sides run by turns. The first argument shortens everything: 0.1 makes a tenth of the trials.
"""

import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from storages import write_journal

from qgtune.compiler.prepare import prepare
from qgtune.core.events import Event, TrialFinished, TrialStarted, WorkerDied, WorkerReady
from qgtune.run import run
from qgtune.study import open_study

ROUNDS = 3
SECONDS_OF_A_TRIAL = 0.01
SECONDS_OF_WORK = 0.2
PARAMETERS = {f"p{index}": (0.0, 1.0) for index in range(7)}
LAYERS = ["gat", "gcn", "sage"]
CAUSAL_SETS = Path(__file__).resolve().parents[1] / "sample_configs" / "causal_sets"

OBJECTIVES = """
import os, signal, time

def short(trial, config):
    time.sleep({short})
    return config["p0"]

def work(trial, config):
    count = 0
    for number in range({loops}):
        count += number
    return config["p0"]

def dying(trial, config):
    if trial.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return config["p0"]
"""

NOTING = """
import sys, time
from qgtune.cli.entry import main
from qgtune.reports.live import LiveView

def note(view, event, show=LiveView.__call__):
    print("EVENT", time.time(), type(event).__name__, flush=True)
    show(view, event)

LiveView.__call__ = note
sys.exit(main(sys.argv[1:]))
"""
"""The command line, which also prints when the events of a run come."""


def work(loops: int) -> None:
    """Keep one core busy."""
    count = 0
    for number in range(loops):
        count += number


def loops_in(seconds: float) -> int:
    """Return how many turns of ``work`` take so long."""
    times = []
    for _ in range(5):
        began = time.process_time()
        work(1_000_000)
        times.append(time.process_time() - began)
    return int(1_000_000 * seconds / min(times))


def half_of_the_work(loops: int, n_trials: int) -> None:
    """Do what one of two workers does; the target of a process."""
    for _ in range(n_trials):
        work(loops)


def write_project(folder: Path, function: str, sampler: str, n_trials: int, n_processes: int) -> Path:
    """Write a project and return its tuning file."""
    floats = "\n".join(
        f"{name}: {{type: float, low: {low}, high: {high}}}" for name, (low, high) in PARAMETERS.items()
    )
    layers = "\n".join(
        f"layer{index}: {{type: categorical, choices: [gat, gcn, sage]}}" for index in range(3)
    )
    folder.mkdir()
    (folder / "space.yaml").write_text(f"{floats}\n{layers}\n")
    (folder / "objectives.py").write_text(
        OBJECTIVES.format(short=SECONDS_OF_A_TRIAL, loops=loops_in(SECONDS_OF_WORK))
    )
    tuning = folder / "tuning.yaml"
    tuning.write_text(
        f"search_space_path: space.yaml\nobjective: objectives.py:{function}\ndirection: minimize\n"
        f"study_name: bench\nsampler: {sampler}\nn_trials: {n_trials}\nn_processes: {n_processes}\n"
        "plots: false\n"
    )
    return tuning


class Clock:
    """Notes when the events of a run come."""

    def __init__(self) -> None:
        self.times: list[tuple[float, Event]] = []

    def __call__(self, event: Event) -> None:
        """Note one event."""
        self.times.append((time.perf_counter(), event))

    def all(self, kind: type[Any]) -> list[float]:
        """Return when the events of one kind came."""
        return [moment for moment, event in self.times if isinstance(event, kind)]

    @property
    def seconds_of_trials(self) -> float:
        """From the first trial's beginning to the last one's end."""
        return self.all(TrialFinished)[-1] - self.all(TrialStarted)[0]


def seconds_of_ours(tuning: Path) -> float:
    """Return how long all trials of a run take."""
    clock = Clock()
    run(prepare(tuning), clock)
    return clock.seconds_of_trials


def seconds_of_bare(folder: Path, sampler: optuna.samplers.BaseSampler, n_trials: int) -> float:
    """Return how long Optuna takes for the same trials."""
    folder.mkdir()
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "s.log"))), sampler=sampler
    )

    def objective(trial: optuna.Trial) -> float:
        values = [trial.suggest_float(name, low, high) for name, (low, high) in PARAMETERS.items()]
        for index in range(3):
            trial.suggest_categorical(f"layer{index}", LAYERS)
        time.sleep(SECONDS_OF_A_TRIAL)
        return values[0]

    began = time.perf_counter()
    study.optimize(objective, n_trials=n_trials)
    return time.perf_counter() - began


def print_overhead(folder: Path, n_trials: int) -> None:
    """Print what a short trial takes with both, for a sampler that learns and one that does not."""
    samplers: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
        "random": optuna.samplers.RandomSampler,
        "tpe": lambda: optuna.samplers.TPESampler(multivariate=True, group=True, constant_liar=True),
    }
    for name, make in samplers.items():
        turns = []
        for turn in range(ROUNDS):
            bare = seconds_of_bare(folder / f"bare_{name}_{turn}", make(), n_trials)
            ours = seconds_of_ours(write_project(folder / f"ours_{name}_{turn}", "short", name, n_trials, 1))
            turns.append((1000 * bare / n_trials, 1000 * ours / n_trials))
        bare, ours = (statistics.median(times) for times in zip(*turns, strict=True))
        ratios = sorted(mine / theirs - 1 for theirs, mine in turns)
        print(
            f"a trial of 10 ms, {name:6}  Optuna {bare:.1f} ms, qgtune {ours:.1f} ms; overhead "
            f"{statistics.median(ratios):+.0%} ({ratios[0]:+.0%} to {ratios[-1]:+.0%}) of {n_trials} trials"
        )


def print_efficiency(folder: Path, n_trials: int) -> None:
    """Print how much of two cores trials of pure work get."""
    loops, turns = loops_in(SECONDS_OF_WORK), []
    for turn in range(ROUNDS):
        tuning = write_project(folder / f"work_{turn}", "work", "random", n_trials, 2)
        bare = [
            multiprocessing.Process(target=half_of_the_work, args=(loops, n_trials // 2)) for _ in range(2)
        ]
        began = time.perf_counter()
        for process in bare:
            process.start()
        for process in bare:
            process.join()
        theirs = time.perf_counter() - began
        turns.append((theirs, seconds_of_ours(tuning)))
    ratios = sorted(theirs / ours for theirs, ours in turns)
    print(
        f"two workers, trials of {1000 * SECONDS_OF_WORK:.0f} ms of work: efficiency "
        f"{statistics.median(ratios):.0%} ({ratios[0]:.0%} to {ratios[-1]:.0%}) of two bare "
        f"processes, {n_trials} trials"
    )


def print_start(folder: Path) -> None:
    """Print how long it takes until a command trains."""
    project = folder / "start"
    project.mkdir()
    for file in CAUSAL_SETS.glob("*.yaml"):
        text = re.sub(r"num_graphs: \d+", "num_graphs: 200", file.read_text())
        text = re.sub(r"num_epochs: \d+", "num_epochs: 1", text)
        (project / file.name).write_text(re.sub(r"n_(trials|iterations): \d+", r"n_\1: 1", text))
    firsts: dict[str, list[float]] = {"RunStarted": [], "TrialStarted": []}
    imports: list[float] = []
    for turn in range(ROUNDS + 1):
        before = time.time()
        run_python("-W", "ignore", "-c", "import torch, torch_geometric")
        began = time.time()
        lines = run_python("-c", NOTING, "run", str(project / "tuning.yaml")).splitlines()
        shutil.rmtree(project / "runs")
        if turn:  # the first one makes the data set
            imports.append(began - before)
            noted = [line.split() for line in lines if line.startswith("EVENT ")]
            for name, moments in firsts.items():
                moments.append(min(float(moment) for _, moment, event in noted if event == name) - began)
    for name, times in {"import torch, torch_geometric": imports, **firsts}.items():
        what = f"from the command to {name}" if name in firsts else f"{name} alone"
        print(f"{what}: {shown(times)}")


def print_further_worker(folder: Path) -> None:
    """Print how long it takes until a worker that replaces one that died is ready."""
    times = []
    for turn in range(ROUNDS):
        clock = Clock()
        run(prepare(write_project(folder / f"dying_{turn}", "dying", "random", 6, 1)), clock)
        [died] = clock.all(WorkerDied)
        times.append(clock.all(WorkerReady)[1] - died)
    print(f"from a worker's death to its successor's being ready: {shown(times)}")


def print_opening(folder: Path, n_trials: int) -> None:
    """Print how long it takes to open a long journal, and what ``qgtune status`` takes on it."""
    tuning = write_project(folder / "opening", "short", "random", n_trials, 1)
    journal = tuning.parent / "runs" / "bench" / "study.log"
    journal.parent.mkdir(parents=True)
    with journal.open("w") as file:
        write_journal(file, n_trials)
    with tuning.open("a") as file:
        file.write("study_name: study\nstorage: runs/bench/study.log\n")
    text = tuning.read_text().replace("study_name: bench\n", "")
    tuning.write_text(
        text.replace("direction: minimize\n", "direction: maximize\n")
    )  # as the journal's study
    opening, status = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        open_study(None, journal)
        opening.append(time.perf_counter() - began)
        began = time.perf_counter()
        run_python("-m", "qgtune", "status", str(tuning))
        status.append(time.perf_counter() - began)
    print(f"a journal of {n_trials} trials, {journal.stat().st_size / 1e6:.0f} MB: opening {shown(opening)}")
    print(f"qgtune status on it: {shown(status)}")


def run_python(*arguments: str) -> str:
    """Run the interpreter, and return what it prints."""
    return subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def shown(times: list[float]) -> str:
    """Return the median of some times, and how far they range."""
    return f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})"


def main(share: float) -> None:
    """Print the figures."""
    warnings.simplefilter("ignore", ExperimentalWarning)  # of TPE's argument group
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print(f"load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print_overhead(folder, int(300 * share))
        print_efficiency(folder, int(60 * share))
        print_further_worker(folder)
        print_start(folder)
        print_opening(folder, int(10_000 * share))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
