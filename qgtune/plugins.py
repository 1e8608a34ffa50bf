"""A user's own modules in the processes of a run: imported before anything else is made there."""

import functools
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from qgtune.compiler.tuning import Tuning
from qgtune.core.user_code import load_module
from qgtune.study import Objective, RunSpec, WorkerContext


def with_plugins(spec: RunSpec, tuning: Tuning) -> RunSpec:
    """Return a run whose workers import the modules that a tuning file names before anything else."""
    if not tuning.settings.plugins:
        return spec
    make = functools.partial(
        make_with_plugins,
        make=spec.make_objective,
        plugins=tuple(tuning.settings.plugins),
        folder=tuning.folder.resolve(),
    )
    return replace(spec, make_objective=make)


def make_with_plugins(
    context: WorkerContext,
    *,
    make: Callable[[WorkerContext], Objective],
    plugins: Sequence[str],
    folder: pathlib.Path,
) -> Objective:
    """Return the objective that ``make`` makes, after importing what it may name."""
    for name in plugins:
        load_module(name, folder)
    return make(context)
