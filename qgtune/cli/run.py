"""``qgtune TUNING.yaml``: run trials until the study has as many as the file asks for."""

import argparse
import pathlib
import shlex
import time
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import GO_ON, INTERRUPTED, OK, PROBLEMS, count, print_diagnostics, say
from qgtune.cli.projects import prepare_file
from qgtune.compiler.files import shown_path
from qgtune.core.events import Notice

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared
    from qgtune.run import RunResult
    from qgtune.study import RunOutcome


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    parser.add_argument(
        "--more",
        type=_at_least_one,
        metavar="N",
        help="run N more trials, whatever the study has; else as many as it lacks",
    )
    parser.add_argument(
        "--migrate",
        action="store_true",
        help="where the search space has changed: begin the study anew with those trials that fit",
    )
    parser.add_argument(
        "--join",
        type=_at_least_one,
        metavar="TOTAL",
        help="add trials to the study of a run elsewhere until it has TOTAL, and write no results; "
        "this is what a launcher starts",
    )
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        metavar="FILE",
        help="with --join: the file in which that run keeps its data set; where there is none, the data "
        "are loaded",
    )
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quiet", action="store_true", help="show failures and the summary only")
    how_much.add_argument(
        "--verbose",
        action="store_true",
        help="show each trial as it begins, its epochs, the parameters of better ones, and tracebacks too",
    )


def _at_least_one(text: str) -> int:
    """Return a number of trials.

    Raises:
        ValueError: if it is none, which argparse tells in words.
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, but is {number}")
    return number


def _run(options: argparse.Namespace) -> int:
    prepared = prepare_file(options.tuning)
    print_diagnostics(prepared.warnings, color=options.color)
    # Heavy rooms are entered only now: a file with problems is answered in a blink.
    from qgtune.outputs.study_results import metric_names
    from qgtune.reports.live import LiveView
    from qgtune.run import join, migrate, run

    settings = prepared.tuning.settings
    names = metric_names(settings)
    began = time.monotonic()
    directions = settings.all_directions
    with LiveView(metric=names, direction=directions, quiet=options.quiet, verbose=options.verbose) as view:
        if options.join is not None:
            return _exit_code(join(prepared, view, options.join, options.data))
        if options.migrate:
            view(Notice(migrate(prepared)))
        result = run(prepared, view, options.more)
    _print_summary(prepared, result, names[0], time.monotonic() - began)
    if result.outcome.interrupted:
        say(f"{GO_ON}:  qgtune {shlex.quote(shown_path(options.tuning))}")
        return INTERRUPTED
    return PROBLEMS if _all_failed(result) else OK


def _exit_code(outcome: "RunOutcome") -> int:
    if outcome.interrupted:
        return INTERRUPTED
    return PROBLEMS if outcome.stopped_early_reason else OK


def _print_summary(prepared: "Prepared", result: "RunResult", metric: str, seconds: float) -> None:
    from qgtune.reports.board import duration

    settings, outcome = prepared.tuning.settings, result.outcome
    states = [record.state for record in outcome.records]
    counts = ", ".join(f"{states.count(s)} {s}" for s in ("complete", "pruned", "failed") if s in states)
    finished = sum(record.state != "running" and not record.lost for record in outcome.records)
    wanted = max(settings.total_trials, finished)  # --more goes beyond the setting
    total = f"{finished} of {count(wanted, 'trial')}, {duration(seconds)}"
    print(f"\nstudy {settings.name(prepared.tuning.folder)}: {counts or 'no trial finished'} ({total})")
    if outcome.timed_out:
        print(f"the timeout of {settings.timeout:g} s ended the run; the same command goes on")
    if outcome.goal_reached:
        print(f"no further trial was needed: {outcome.goal_reached}")
    if outcome.stopped_early_reason:
        print(f"stopped early: {outcome.stopped_early_reason}")
    if _all_failed(result):
        _print_first_failure(result)
    if result.best is not None:
        value = ", ".join(f"{value:.6g}" for value in result.best.values)
        print(f"best {metric}: {value} in trial {result.best.number}")
    if result.front:
        print(f"Pareto front: {count(len(result.front), 'trial')} that no other beats")
    _print_files(prepared, result)


def _print_first_failure(result: "RunResult") -> None:
    outcome = result.outcome
    earlier = (record.failure for record in outcome.records if record.state == "failed")
    reason = outcome.first_failure or next(earlier, "")
    if reason:
        print(f"every trial failed; the first with\n  {reason}")
    if outcome.first_traceback:
        print(f"\n{outcome.first_traceback.rstrip()}\n")


def _print_files(prepared: "Prepared", result: "RunResult") -> None:
    files = {
        "best config": result.files.best_config,
        "best trial": result.files.best_trial,
        "front's configs": result.files.front,
        "first trial's config": result.files.built_search_space,
        "all trials": result.files.trials,
        "report": result.files.report,
    }
    found = {label: path for label, path in files.items() if path.exists()}
    if result.study is not None:
        found["study"] = result.study
    for label, path in found.items():
        print(f"  {label:<22}{shown_path(path)}")
    base = prepared.tuning.settings.base_settings_path
    if result.best is not None and base is not None and result.files.best_config.is_file():
        ours, theirs = prepared.tuning.folder / base, result.files.best_config
        pair = shlex.join([shown_path(ours), shown_path(theirs)])
        print(f"see what changed:  git diff --no-index {pair}")


def _all_failed(result: "RunResult") -> bool:
    """Tell whether no trial of the study came to anything, and not for want of trials."""
    states = {record.state for record in result.outcome.records if not record.lost}
    return bool(result.outcome.stopped_early_reason) or states == {"failed"}


RUN = Command(
    "run",
    "tune: run trials until the study has as many as the file asks for",
    "TUNING.yaml",
    "[run] TUNING.yaml [--more N] [--migrate] [--quiet | --verbose]",
    _add_arguments,
    _run,
)
