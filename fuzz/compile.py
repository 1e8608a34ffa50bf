"""``python -m fuzz.compile``: mutated inputs through the whole check, each a plan or diagnostics.

Exit code 0 if there was no failure, 1 if there was one. Each distinct failure is written to
``fuzz/failures`` as a project, made small where that is quick; ``qgtune check`` on its tuning file shows it
again. A project that is moved from there to ``fuzz/corpus`` is a seed of every later run, and a case of the
test suite.
"""

import argparse
import itertools
import pathlib
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from fuzz.processes import Inputs, judge_all
from fuzz.projects import ROOT, seed_projects, write_project
from fuzz.shrinking import shrunk
from fuzz.verdicts import TOO_LONG, Verdict

FAILURES = ROOT / "fuzz" / "failures"
_CANNOT_SHRINK = {"hangs", "the process died", "takes too much memory", TOO_LONG}


@dataclass(slots=True)
class Tally:
    """What a run has seen so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[int, Verdict]] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, 0)
    largest: float = 0.0

    def add(self, number: int, verdict: Verdict) -> bool:
        """Count a verdict; return whether it is a failure that was not seen before."""
        self.kinds[verdict.kind] += 1
        self.slowest = max(self.slowest, (verdict.seconds, number))
        self.largest = max(self.largest, verdict.megabytes)
        if verdict.kind != "failure":
            return False
        self.failures[verdict.what] += 1
        return self.first.setdefault(verdict.what, (number, verdict))[0] == number


def main() -> int:
    """Run the command line; return the exit code."""
    options = _options()
    began = time.monotonic()
    tally = Tally()
    shutil.rmtree(FAILURES, ignore_errors=True)
    inputs = Inputs(seed_projects(), options.seed)
    for number, verdict in judge_all(_numbers(options, began), inputs, options.processes):
        if tally.add(number, verdict):
            _say(f"input {number}: {verdict.what}")
            _keep(inputs, number, verdict)
        done = tally.kinds.total()
        if done % 5000 == 0:
            _say(f"{done} inputs, {time.monotonic() - began:.0f} s")
    for number, verdict in tally.first.values():
        _keep_small(inputs, number, verdict)
    _say(_summary(tally, options.seed, time.monotonic() - began))
    return 1 if tally.failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz.compile", description="Fuzz the compiler.")
    parser.add_argument("--count", type=int, default=100_000, help="inputs; default 100000")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same inputs; default 0")
    parser.add_argument("--start", type=int, default=0, help="the number of the first input; default 0")
    parser.add_argument("--minutes", type=float, default=0, help="end after this long; default: no end")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    return parser.parse_args()


def _numbers(options: argparse.Namespace, began: float) -> Iterator[int]:
    for number in itertools.islice(itertools.count(options.start), options.count):
        if options.minutes and time.monotonic() - began > 60 * options.minutes:
            return
        yield number


def _keep(inputs: Inputs, number: int, verdict: Verdict) -> None:
    """Write a failing input where it can be looked at."""
    folder = _folder(inputs, number)
    write_project(inputs.make(number), folder / "input")
    (folder / "failure.txt").write_text(f"{verdict.what}\n\n{verdict.details}\n", encoding="utf-8")


def _keep_small(inputs: Inputs, number: int, verdict: Verdict) -> None:
    """Write a small input that fails alike, where looking for one takes no long time."""
    if verdict.what in _CANNOT_SHRINK:
        return
    with tempfile.TemporaryDirectory() as scratch:
        project = shrunk(inputs.make(number), verdict.what, pathlib.Path(scratch) / "project")
    write_project(project, _folder(inputs, number) / "small")


def _folder(inputs: Inputs, number: int) -> pathlib.Path:
    return FAILURES / f"seed{inputs.seed}-input{number}"


def _summary(tally: Tally, seed: int, seconds: float) -> str:
    kinds = ", ".join(f"{tally.kinds[kind]} {kind}" for kind in ("plan", "diagnostics", "failure"))
    slowest, number = tally.slowest
    lines = [
        f"{tally.kinds.total()} inputs of seed {seed} in {seconds:.0f} s: {kinds}",
        f"slowest {slowest:.2f} s (input {number}), largest process {tally.largest:.0f} MB",
    ]
    for what, count in tally.failures.most_common():
        lines.append(f"  {count:6d} x {what}: {FAILURES.name}/seed{seed}-input{tally.first[what][0]}")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    sys.exit(main())
