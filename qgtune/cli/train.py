"""``qgtune train``: one config trained as it stands, on all of its training data."""

import argparse
import pathlib
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qgtune.cli.command import Command
from qgtune.cli.printing import OK, reader_may_leave, say
from qgtune.cli.projects import naming_what_is_meant
from qgtune.compiler.files import shown_path
from qgtune.core.wording import count

if TYPE_CHECKING:
    from qgtune.single_training import TrainingOutcome
    from qgtune.training import EpochResult


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=pathlib.Path, metavar="CONFIG.yaml", help="such as a best_config.yaml")
    parser.add_argument(
        "--tuning",
        type=pathlib.Path,
        metavar="TUNING.yaml",
        help="a tuning file that says task, data and metric, where the config does not",
    )
    parser.add_argument(
        "--output", type=pathlib.Path, metavar="DIR", help="where the results go; default CONFIG_trained"
    )
    parser.add_argument("--again", action="store_true", help="train anew what had been trained before")
    parser.add_argument("--quiet", action="store_true", help="show the summary only")


def _train(options: argparse.Namespace) -> int:
    from qgtune.compiler.runnable import read_runnable

    with naming_what_is_meant(options.config):
        runnable = read_runnable(options.config, options.tuning)
    # Heavy rooms are entered only now: a file with problems is answered in a blink.
    from qgtune.single_training import output_folder, train_config

    outcome = train_config(
        runnable,
        options.output or output_folder(options.config),
        on_epoch=_Progress(quiet=options.quiet),
        on_notice=lambda text: say(f"note: {text}"),
        again=options.again,
    )
    _print_outcome(outcome)
    return OK


class _Progress:
    """Prints a line for each epoch."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, result: "EpochResult") -> None:
        if not self._quiet:
            metrics = "  ".join(f"{name} {value:.6g}" for name, value in result.metrics.items())
            with reader_may_leave():  # a training is more than its output
                print(f"epoch {result.epoch:>4}  train loss {result.train_loss:.6g}  {metrics}")


def _print_outcome(outcome: "TrainingOutcome") -> None:
    from qgtune.outputs.training_files import HISTORY, METRICS, MODEL

    model, folder = outcome.model, outcome.folder
    when = ", as before; --again trains anew" if outcome.is_old else ""
    print(f"trained {model.task} for {count(model.epochs, 'epoch')}; the best is epoch {model.epoch}{when}")
    if outcome.samples:
        print(f"samples: {', '.join(f'{number} {section}' for section, number in outcome.samples.items())}")
    for section, metrics in model.metrics.items():
        print_metrics(section, metrics)
    for label, name in {"model": MODEL, "metrics": METRICS, "epochs": HISTORY}.items():
        print(f"  {label:<9}{shown_path(folder / name)}")
    words = shlex.join(["qgtune", "evaluate", shown_path(folder / MODEL), "--data", "OTHER.yaml"])
    print(f"measure it on other data:  {words}")
    sys.stdout.flush()


def print_metrics(section: str, metrics: Mapping[str, float]) -> None:
    """Print the metrics of a section, one to a line."""
    print(section)
    width = max(map(len, metrics), default=0)
    for name, value in sorted(metrics.items()):
        print(f"  {name:<{width}}  {value:.6g}")


TRAIN = Command(
    "train",
    "train one config, such as a best_config.yaml, and measure it on its test data",
    "train CONFIG.yaml",
    "train CONFIG.yaml [--tuning TUNING.yaml] [--output DIR] [--again] [--quiet]",
    _add_arguments,
    _train,
    goes_on=True,
)
