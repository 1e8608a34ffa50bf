"""The command line: ``qgtune tuning.yaml`` and ``qgtune check tuning.yaml``.

Exit codes: 0 all went well, 1 problems in the user's files, 2 wrong usage, 3 a fault of qgtune's own,
130 interrupted.
"""

import argparse
import errno
import itertools
import pathlib
import shlex
import sys
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from qgtune.compiler.files import shown_path
from qgtune.core.diagnostics import (
    Diagnostic,
    Severity,
    diagnostics_as_json,
    diagnostics_for_github,
    render_diagnostics,
)
from qgtune.core.errors import DiagnosticError, QgtuneError, UsageError
from qgtune.space import EvaluationError

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared
    from qgtune.run import RunResult

OK, PROBLEMS, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130

_GO_ON = "interrupted; the same command goes on from here"
_COMMANDS = ("run", "check", "sample")
_EPILOG = """\
commands:
  qgtune TUNING.yaml         tune: run trials until the study has as many as the file asks for
  qgtune check TUNING.yaml   say everything that is wrong with the files, and what a trial would sample
  qgtune sample TUNING.yaml  print configs as trials would get them, drawn at random

exit codes:
  0 all went well, 1 problems in your files, 2 wrong usage, 3 a fault of qgtune's own, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser().parse_args(_with_command_first(words))
    except SystemExit as stop:  # argparse has said what is wrong, or printed the help
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        return {"run": _run, "check": _check, "sample": _sample}[options.command](options)
    except BrokenPipeError:  # the reader of our output has gone, as head does
        sys.stderr.close()
        return OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - each gets its words and its exit code
        return _explain(error, getattr(options, "format", "text"))


def _with_command_first(words: list[str]) -> list[str]:
    """Return the words with the command before its options, and with ``run`` where none is said."""
    options = list(itertools.takewhile(lambda word: word.startswith("-"), words))
    if not words or {"-h", "--help", "--version"} & set(options):
        return words
    rest = words[len(options) :]
    if rest and rest[0] in _COMMANDS and "--" not in options:
        return [rest[0], *options, *rest[1:]]
    return ["run", *words]


def _explain(error: BaseException, form: str) -> int:
    """Say what ended the command; return the exit code."""
    if isinstance(error, DiagnosticError):
        _print_diagnostics(error.diagnostics, form)
        return PROBLEMS
    if isinstance(error, QgtuneError):
        _say(f"qgtune: {error}")
        return USAGE if isinstance(error, UsageError) else PROBLEMS
    if isinstance(error, KeyboardInterrupt):
        _say(_GO_ON)
        return INTERRUPTED
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _say(f"qgtune: {error}; trials that finished are kept")
        return PROBLEMS
    traceback.print_exception(error)
    _say("qgtune: this is a fault of qgtune's own, not of your files; trials that finished are kept")
    return FAULT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qgtune",
        description="Tune the hyperparameters that a search space in YAML describes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="qgtune [-h] [--version] [check|sample] TUNING.yaml [--quiet]",
    )
    parser.add_argument("--version", action="version", version=f"qgtune {version('qgtune')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", prog="qgtune")
    usage = "qgtune {} TUNING.yaml"
    run = commands.add_parser("run", usage=f"{usage.format('[run]')} [--quiet]")
    check = commands.add_parser("check", usage=f"{usage.format('check')} [--format text|json|github]")
    sample = commands.add_parser("sample", usage=f"{usage.format('sample')} [-n NUMBER] [--seed SEED]")
    sample.add_argument("-n", type=int, default=1, metavar="NUMBER", help="how many configs; default 1")
    sample.add_argument("--seed", type=int, help="the same seed prints the same configs")
    for command in (run, check, sample):
        command.add_argument("tuning", type=pathlib.Path, metavar="TUNING.yaml", help="the tuning file")
    forms = (
        "how to show problems: text, json (a list of objects), or github (beside the code of a pull request)"
    )
    check.add_argument("--format", choices=("text", "json", "github"), default="text", help=forms)
    run.add_argument("--quiet", action="store_true", help="show failures and the summary only")
    return parser


def _check(options: argparse.Namespace) -> int:
    from qgtune.compiler.prepare import prepare

    prepared = prepare(options.tuning)
    _print_diagnostics(prepared.warnings, options.format)
    if options.format == "text":
        _print_space(prepared)
    return OK


def _sample(options: argparse.Namespace) -> int:
    from qgtune.compiler.emit import built_search_space_text
    from qgtune.compiler.prepare import prepare

    if options.n < 1 or not 0 <= (options.seed or 0) < 2**32:
        raise UsageError("-n must be at least 1, and --seed from 0 to 4294967295")
    prepared = prepare(options.tuning)
    _print_diagnostics(prepared.warnings)
    from qgtune.study import random_trials  # Optuna takes most of a second to import

    compilation = prepared.compilation
    for i, trial in enumerate(random_trials(options.n, options.seed)):
        try:
            text = built_search_space_text(compilation, compilation.plan.resolve(trial), [])
        except EvaluationError as error:
            text = f"# no config: {error}\n"
        print(f"---\n{text}" if i else text, end="")
    return OK


def _print_space(prepared: "Prepared") -> None:
    plan = prepared.compilation.plan
    width = max((len(s.name) for s in plan.suggestions), default=0)
    print(f"{shown_path(prepared.tuning.path)}: {_count(len(plan.suggestions), 'parameter')}")
    for suggestion in plan.suggestions:
        print(f"  {suggestion.name:<{width}}  {suggestion.domain}")
    if plan.steps:
        print(_count(len(plan.steps), "reference"))
        for step in plan.steps:
            print(f"  {step}")
    settings = prepared.tuning.settings
    print(
        f"{_count(settings.total_trials, 'trial')} in {_count(settings.n_processes, 'process', 'processes')}"
    )


def _run(options: argparse.Namespace) -> int:
    from qgtune.compiler.prepare import prepare

    prepared = prepare(options.tuning)
    _print_diagnostics(prepared.warnings)
    # Heavy rooms are entered only now: a file with problems is answered in a blink.
    from qgtune.reports.live import LiveView
    from qgtune.run import run

    settings = prepared.tuning.settings
    metric = settings.metric_name if settings.task else "value"
    began = time.monotonic()
    with LiveView(metric=metric, direction=settings.direction, quiet=options.quiet) as view:
        result = run(prepared, view)
    _print_summary(prepared, result, metric, time.monotonic() - began)
    if result.outcome.interrupted:
        _say(_GO_ON)
        return INTERRUPTED
    return PROBLEMS if _all_failed(result) else OK


def _print_summary(prepared: "Prepared", result: "RunResult", metric: str, seconds: float) -> None:
    from qgtune.reports.board import duration

    settings, outcome = prepared.tuning.settings, result.outcome
    states = [record.state for record in outcome.records]
    counts = ", ".join(f"{states.count(s)} {s}" for s in ("complete", "pruned", "failed") if s in states)
    finished = sum(record.state != "running" and not record.lost for record in outcome.records)
    total = f"{finished} of {_count(settings.total_trials, 'trial')}, {duration(seconds)}"
    print(f"\nstudy {settings.name(prepared.tuning.folder)}: {counts or 'no trial finished'} ({total})")
    if outcome.timed_out:
        print(f"the timeout of {settings.timeout:g} s ended the run; the same command goes on")
    if outcome.stopped_early_reason:
        print(f"stopped early: {outcome.stopped_early_reason}")
    if _all_failed(result):
        _print_first_failure(result)
    if result.best is not None:
        value = ", ".join(f"{value:.6g}" for value in result.best.values)
        print(f"best {metric}: {value} in trial {result.best.number}")
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
        "first trial's config": result.files.built_search_space,
        "all trials": result.files.trials,
    }
    found = {label: path for label, path in files.items() if path.exists()}
    if result.journal is not None:
        found["study"] = result.journal
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


def _print_diagnostics(diagnostics: tuple[Diagnostic, ...], form: str = "text") -> None:
    if form == "json":  # also where there are none: a program reads a list
        print(diagnostics_as_json(diagnostics))
    elif form == "github" and diagnostics:
        print(diagnostics_for_github(diagnostics))
    elif diagnostics:
        _print_text(diagnostics)


def _print_text(diagnostics: tuple[Diagnostic, ...]) -> None:
    errors = sum(problem.severity is Severity.ERROR for problem in diagnostics)
    counts = [
        _count(number, noun)
        for number, noun in ((errors, "error"), (len(diagnostics) - errors, "warning"))
        if number
    ]
    _say(render_diagnostics(diagnostics) + f"\n\n{' and '.join(counts)}\n")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
