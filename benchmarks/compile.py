"""What compiling costs, and what a trial costs over the bare calls of ``trial.suggest_*``.

Ratios of one run: the ways of sampling a trial are timed in turn, round by round and in an order that changes
with every round, and the medians of the rounds are compared. RandomSampler, in memory. As ``timeit`` does it,
Python's searches for cycles wait until a trial has been timed: they look at all earlier trials of the study
as well, and would strike now one way and now another.
``python benchmarks/compile.py [--quick]``.
"""

import argparse
import math
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna

from qgtune import QgtuneWarning, build_search_space_with_dependencies
from qgtune.compiler.cache import SETTLING_NS
from qgtune.compiler.load import compile_files
from qgtune.compiler.planning.plan import Plan
from qgtune.core.collecting import no_collecting
from qgtune.space import Categorical, Float, FollowingRange

GUIDE = Path(__file__).parent.parent / "tests" / "guide"
SIZES = (100, 1000, 5000, 20_000, 50_000)


def write_space(folder: Path, leaves: int) -> tuple[Path, Path, Path]:
    """Write a space of ``leaves`` parameters and as many references; return its three files."""
    layers = range(leaves // 4)
    base = "model:\n  layers:\n" + "".join(
        "    - {in_dim: 1, out_dim: 2, dropout: 0.1, heads: 1, act: relu, norm: [2], width: 2, skip: 1}\n"
        for _ in layers
    )
    space = "model:\n  layers:\n" + "".join(
        "    - out_dim: [16, 32, 64]\n"
        "      dropout: {type: float, low: 0.0, high: 0.5}\n"
        "      heads: {type: int, low: 1, high: 8}\n"
        "      act: [relu, tanh]\n"
        for _ in layers
    )
    dependencies = "model:\n  layers:\n" + "".join(
        f'    - in_dim: "model.layers[{max(0, i - 1)}].out_dim"\n'
        f'      norm: ["model.layers[{i}].out_dim"]\n'
        f'      width: "model.layers[{i}].out_dim"\n'
        f'      skip: "model.layers[{i}].heads"\n'
        for i in layers
    )
    files = (folder / "search_space.yaml", folder / "depmap.yaml", folder / "base_settings.yaml")
    for path, text in zip(files, (space, dependencies, base), strict=True):
        path.write_text(text)
    return files


def written_by_hand(plan: Plan) -> Callable[[optuna.Trial], None]:
    """Return the objective that a user would write for the same parameters: a line a call, in literals."""
    lines = []
    for s in plan.suggestions:
        domain = s.domain
        assert not isinstance(domain, FollowingRange)  # noqa: S101 - the spaces measured here have none
        if isinstance(domain, Categorical):
            lines.append(f"trial.suggest_categorical({s.name!r}, {list(domain.labels)!r})")
            continue
        kind = "float" if isinstance(domain, Float) else "int"
        step = "" if domain.step is None or (kind, domain.step) == ("int", 1) else f", step={domain.step!r}"
        log = ", log=True" if domain.log else ""
        lines.append(f"trial.suggest_{kind}({s.name!r}, {domain.low!r}, {domain.high!r}{step}{log})")
    names: dict[str, Any] = {}
    exec("def objective(trial):\n    " + "\n    ".join(lines), names)  # noqa: S102 - our own lines of a moment ago
    return names["objective"]  # type: ignore[no-any-return]


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compare(name: str, files: tuple[Path, Path, Path], rounds: int) -> None:
    """Print the cost of a trial through the plan and through the function, over the bare calls."""
    space, dependencies, base = files
    plan = compile_files(space, dependencies, base).plan
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    ways: dict[str, Callable[[optuna.Trial], object]] = {
        "bare": written_by_hand(plan),
        "plan": plan.resolve,
        "function": lambda trial: build_search_space_with_dependencies(
            space, dependencies, trial, tune_model=True, base_settings_file=base
        ),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    # A file that was written a moment ago is compared byte by byte, until its time stamp can be trusted.
    time.sleep(SETTLING_NS / 1e9 + 0.1)
    shuffled = random.Random(0)  # noqa: S311 - an order, not a secret
    for turn in range(rounds + 1):
        for way in shuffled.sample(list(ways), len(ways)):
            trial = study.ask()
            with no_collecting():
                taken = seconds(lambda run=ways[way], trial=trial: run(trial))  # type: ignore[misc]
            if turn:  # the first round warms up
                times[way].append(taken)
    medians = {way: statistics.median(taken) for way, taken in times.items()}
    parameters, references = len(plan.suggestions), len(plan.steps)
    print(
        f"{name:<12} {parameters:>6} parameters {references:>6} references   "
        f"plan / bare {medians['plan'] / medians['bare']:.3f}   "
        f"function / bare {medians['function'] / medians['bare']:.3f}   bare {medians['bare'] * 1e3:.2f} ms"
    )


def slope(points: Sequence[tuple[int, float]]) -> float:
    """Return the exponent p of time ~ size ** p that fits best: least squares of log time on log size."""
    fit = statistics.linear_regression([math.log(n) for n, _ in points], [math.log(t) for _, t in points])
    return fit.slope


def compiling(folder: Path, sizes: Sequence[int]) -> None:
    """Print what compiling costs by size, and how it grows."""
    points: list[tuple[int, float]] = []
    for leaves in sizes:
        # In a process of its own, so that the peak is that of one compilation.
        command = [sys.executable, __file__, "--compile", str(leaves), str(folder)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        taken, peak = map(float, told.split())
        points.append((leaves, taken))
        each = taken / leaves * 1e6
        print(
            f"{leaves:>6} parameters and references  {taken:7.3f} s  {each:4.0f} us each  peak {peak:5.0f} MB"
        )
    for least in (sizes[0], 1000):
        fitted = [point for point in points if point[0] >= least]
        if len(fitted) > 2:
            print(f"time grows as size ** {slope(fitted):.2f} from {least} to {fitted[-1][0]}")


def compile_once(leaves: int, folder: Path) -> None:
    """Print the median time of compiling, and the peak of the process in MB."""
    space, dependencies, base = write_space(folder, leaves)
    rounds = 7 if leaves <= 1000 else 3 if leaves <= 5000 else 1
    taken = statistics.median(
        seconds(lambda: compile_files(space, dependencies, base)) for _ in range(rounds)
    )
    print(taken, peak_mb())


def peak_mb() -> float:
    """Return the most memory that this process has had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # elsewhere the peak may be that of the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def checking(folder: Path, rounds: int) -> None:
    """Print how long ``qgtune check`` takes as a whole process, beside a Python that does nothing."""
    tuning = (GUIDE / "tuning.yaml").read_text().replace("base_settings.yam ", "base_settings.yaml ")
    tuning += "\ntask: graph_classification\ndata: {name: causal_sets}\n"
    for path in GUIDE.iterdir():
        (folder / path.name).write_text(tuning if path.name == "tuning.yaml" else path.read_text())
    ways = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "qgtune check": [sys.executable, "-m", "qgtune", "check", str(folder / "tuning.yaml")],
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(rounds + 1):
        for way, command in ways.items():
            run = seconds(lambda command=command: subprocess.run(command, check=True, capture_output=True))  # type: ignore[misc]
            if turn:
                times[way].append(run)
    shown = "   ".join(f"{way} {statistics.median(taken):.3f} s" for way, taken in times.items())
    print(f"The guide's files, whole process, medians:\n{shown}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    parser.add_argument("--compile", nargs=2, help=argparse.SUPPRESS, metavar=("LEAVES", "FOLDER"))
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", QgtuneWarning)
    if options.compile:
        compile_once(int(options.compile[0]), Path(options.compile[1]))
        return
    quick = options.quick
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("One trial, medians:")
        guide = tuple(
            folder / f"guide_{f}" for f in ("search_space.yaml", "depmap.yaml", "base_settings.yaml")
        )
        for path in guide:
            path.write_text((GUIDE / path.name.removeprefix("guide_")).read_text())
        compare("guide", guide, 20 if quick else 400)  # type: ignore[arg-type]
        for leaves, rounds in ((100, 20),) if quick else ((100, 200), (1000, 40), (5000, 12)):
            compare("synthetic", write_space(folder, leaves), rounds)
        print("Compiling, with all checks:")
        compiling(folder, SIZES[:2] if quick else SIZES)
        checking(folder, 3 if quick else 15)


if __name__ == "__main__":
    main()
