"""``qgtune TUNING.yaml``: run trials until the study has as many as the file asks for."""

import argparse
import pathlib
import shlex
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, add_tuning_file, at_least_one
from qgtune.cli.printing import INTERRUPTED, OK, PROBLEMS, print_diagnostics, reader_may_leave, say
from qgtune.cli.projects import prepare_file
from qgtune.compiler.files import shown_path
from qgtune.core.events import Event
from qgtune.core.wording import count

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared
    from qgtune.run import RunResult
    from qgtune.study import RunOutcome


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    parser.add_argument(
        "--more",
        type=at_least_one,
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
        type=at_least_one,
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
    how_much.add_argument(
        "--quiet", action="store_true", help="show failures and the summary; notes go to stderr"
    )
    how_much.add_argument(
        "--verbose",
        action="store_true",
        help="show each trial as it begins, its epochs, the parameters of better ones, and tracebacks too",
    )


def _run(options: argparse.Namespace) -> int:
    prepared = prepare_file(options.tuning, to_run=options.join is None)
    with reader_may_leave():
        print_diagnostics(prepared.warnings, color=options.color)
    # Heavy rooms are entered only now: a file with problems is answered in a blink.
    from qgtune.outputs.study_results import metric_names
    from qgtune.reports.live import LiveView
    from qgtune.run import join, migrate, run

    settings = prepared.tuning.settings
    names = metric_names(settings)
    began = time.monotonic()
    if options.migrate and options.join is None:
        migrated = migrate(prepared)
        with reader_may_leave():
            print(migrated.words)
        if not migrated.goes_on:
            return OK
    view = LiveView(
        metric=names,
        direction=settings.all_directions,
        quiet=options.quiet,
        verbose=options.verbose,
        color=options.color,
    )
    with view:
        if options.join is not None:
            return _exit_code(join(prepared, _without_reader(view), options.join, options.data))
        result = run(prepared, _without_reader(view), options.more)
    with reader_may_leave():
        _print_summary(prepared, result, names, time.monotonic() - began)
        _say_how_to_go_on(prepared, result.outcome, options)
    if result.outcome.interrupted:
        return _exit_code(result.outcome)
    return PROBLEMS if _all_failed(result) else OK


def _without_reader(view: Callable[[Event], None]) -> Callable[[Event], None]:
    """Return a view that goes on where nobody reads what it shows: a run is more than its output."""

    def show(event: Event) -> None:
        with reader_may_leave():
            view(event)

    return show


def _say_how_to_go_on(prepared: "Prepared", outcome: "RunOutcome", options: argparse.Namespace) -> None:
    """Say after Ctrl-C or a timeout which command runs the trials that are missing."""
    settings = prepared.tuning.settings
    if not outcome.interrupted and not outcome.timed_out:
        return
    why = "interrupted" if outcome.interrupted else f"the timeout of {settings.timeout:g} s ended the run"
    missing = outcome.total - outcome.finished
    if missing <= 0:
        say(f"{why}; no trial is missing")
    elif settings.storage_at(prepared.tuning.folder) is None:
        say(f"{why}; the study was in memory only, so the same command begins anew")
    else:
        more = [] if options.more is None else ["--more", str(missing)]
        what = "this" if more else "the same command"
        command = shlex.join(["qgtune", shown_path(options.tuning), *more])
        say(f"{why}; {what} goes on from here:  {command}")


def _exit_code(outcome: "RunOutcome") -> int:
    if outcome.ended_by:
        return 128 + outcome.ended_by  # as a shell tells of it
    if outcome.interrupted:
        return INTERRUPTED
    return PROBLEMS if outcome.stopped_early_reason else OK


def _print_summary(prepared: "Prepared", result: "RunResult", metrics: Sequence[str], seconds: float) -> None:
    from qgtune.reports.board import duration
    from qgtune.reports.results import best_words, outcome_words

    settings, outcome = prepared.tuning.settings, result.outcome
    counts = outcome_words([record for record in outcome.records if record.state != "running"])
    wanted = max(outcome.total, outcome.finished)  # the total may have been lowered since
    total = f"{outcome.finished} of {count(wanted, 'trial')}, {duration(seconds)}"
    print(f"\nstudy {settings.name(prepared.tuning.folder)}: {counts or 'no trial finished'} ({total})")
    if outcome.goal_reached:
        print(f"no further trial was needed: {outcome.goal_reached}")
    if outcome.stopped_early_reason:
        print(f"stopped early: {outcome.stopped_early_reason}")
    if _all_failed(result):
        _print_first_failure(result)
    best = result.front or ((result.best,) if result.best else ())
    if best:
        print(best_words(metrics, best, is_single=not result.front))
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
        "report in Markdown": result.files.summary_report,
    }
    if prepared.tuning.settings.plots:
        files["pictures"] = result.files.plots
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
    "[run] TUNING.yaml [--more N] [--migrate] [--join TOTAL [--data FILE]] [--quiet | --verbose]",
    _add_arguments,
    _run,
    goes_on=True,
)
