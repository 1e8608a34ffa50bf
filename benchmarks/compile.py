"""What compiling costs, and what a trial costs over the bare calls of ``trial.suggest_*``.

Ratios of one run: the three ways of sampling a trial are timed in turn, round by round, and the medians
of the rounds are compared. RandomSampler, in memory. ``python benchmarks/compile.py [--quick]``.
"""

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import optuna

from qgtune import QgtuneWarning, build_search_space_with_dependencies
from qgtune.compiler.cache import SETTLING_NS
from qgtune.compiler.load import compile_files
from qgtune.compiler.pipeline import Compilation
from qgtune.space import Categorical, Float

GUIDE = Path(__file__).parent.parent / "tests" / "guide"


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


def bare(compilation: Compilation, trial: optuna.Trial) -> None:
    """Make the calls of ``suggest_*`` that a script would make for the same parameters."""
    for s in compilation.plan.suggestions:
        if isinstance(s.domain, Categorical):
            trial.suggest_categorical(s.name, s.domain.labels)
        elif isinstance(s.domain, Float):
            trial.suggest_float(s.name, s.domain.low, s.domain.high, step=s.domain.step, log=s.domain.log)
        else:
            trial.suggest_int(s.name, s.domain.low, s.domain.high, step=s.domain.step, log=s.domain.log)


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compare(name: str, files: tuple[Path, Path, Path], rounds: int) -> None:
    """Print the cost of a trial through the plan and through the function, over the bare calls."""
    space, dependencies, base = files
    compilation = compile_files(space, dependencies, base, frozenset())
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    ways: dict[str, Callable[[optuna.Trial], object]] = {
        "bare": lambda trial: bare(compilation, trial),
        "plan": compilation.plan.resolve,
        "function": lambda trial: build_search_space_with_dependencies(
            space, dependencies, trial, tune_model=True, base_settings_file=base
        ),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    # A file that was written a moment ago is compared byte by byte, until its time stamp can be trusted.
    time.sleep(SETTLING_NS / 1e9 + 0.1)
    for turn in range(rounds + 1):
        for way, run in ways.items():
            trial = study.ask()
            taken = seconds(lambda run=run, trial=trial: run(trial))  # type: ignore[misc]
            if turn:  # the first round warms up
                times[way].append(taken)
    medians = {way: statistics.median(taken) for way, taken in times.items()}
    parameters, references = len(compilation.plan.suggestions), len(compilation.plan.steps)
    print(
        f"{name:<12} {parameters:>6} parameters {references:>6} references   "
        f"plan / bare {medians['plan'] / medians['bare']:.3f}   "
        f"function / bare {medians['function'] / medians['bare']:.3f}   bare {medians['bare'] * 1e3:.2f} ms"
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    quick = parser.parse_args().quick
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", QgtuneWarning)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("One trial, medians:")
        guide = tuple(
            folder / f"guide_{f}" for f in ("search_space.yaml", "depmap.yaml", "base_settings.yaml")
        )
        for path in guide:
            path.write_text((GUIDE / path.name.removeprefix("guide_")).read_text())
        compare("guide", guide, 20 if quick else 400)  # type: ignore[arg-type]
        for leaves, rounds in ((100, 20),) if quick else ((100, 200), (1000, 40), (5000, 8)):
            compare("synthetic", write_space(folder, leaves), rounds)
        print("Compiling, with all checks:")
        for leaves in (100, 1000) if quick else (100, 1000, 5000, 20_000, 50_000):
            space, dependencies, base = write_space(folder, leaves)
            taken = statistics.median(
                seconds(lambda: compile_files(space, dependencies, base, frozenset()))  # noqa: B023 - run at once
                for _ in range(3 if leaves <= 5000 else 1)
            )
            print(f"{leaves:>6} parameters and references  {taken:.3f} s  {taken / leaves * 1e6:.0f} us each")


if __name__ == "__main__":
    main()
