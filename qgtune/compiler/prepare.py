"""Everything that can be known before the first trial, from a tuning file alone."""

import pathlib
from dataclasses import dataclass

from qgtune.compiler.enqueued import check_goals, enqueued_params
from qgtune.compiler.launcher_check import check_launcher
from qgtune.compiler.objective import check_objective
from qgtune.compiler.pipeline import Compilation, compile_space
from qgtune.compiler.plugins import import_plugins
from qgtune.compiler.problems import Problems
from qgtune.compiler.repeats_check import check_repeats
from qgtune.compiler.sampler_check import check_sampling
from qgtune.compiler.task_check import check_task
from qgtune.compiler.tuned import check_patterns, outside_of, selection_of
from qgtune.compiler.tuning import Tuning, read_space_sources, read_tuning
from qgtune.compiler.warm_start import warm_start_study
from qgtune.core.diagnostics import Diagnostic, sort_diagnostics
from qgtune.core.errors import DiagnosticError


@dataclass(frozen=True, slots=True)
class Prepared:
    """A tuning file whose search space is compiled and checked, and the warnings on the way."""

    tuning: Tuning
    compilation: Compilation
    warnings: tuple[Diagnostic, ...]


def prepare(path: pathlib.Path, *, to_run: bool = False) -> Prepared:
    """Return what a run of this tuning file needs. Neither torch nor Optuna is imported.

    Args:
        path: the tuning file.
        to_run: whether what only the first trials need has to be there: the study of ``warm_start``.

    Raises:
        DiagnosticError: with every error and warning of the tuning file and of the files that it names.
    """
    problems = Problems()
    tuning = read_tuning(path, problems.found)
    if tuning is None:
        raise DiagnosticError(sort_diagnostics(problems.found))
    import_plugins(tuning, problems.found)
    check_objective(tuning, problems.found)
    selection = selection_of(tuning, problems)
    sources = read_space_sources(tuning, problems.found)
    compilation: Compilation | None = None
    space_problems = Problems()
    try:
        compilation = compile_space(sources, selection, space_problems, outside_of(tuning))
    except DiagnosticError as error:
        problems.found.extend(error.diagnostics)
    else:
        problems.found.extend(compilation.warnings)
        problems.documents = compilation.documents
        if check_patterns(tuning, selection, compilation.space, problems):
            problems.found[:] = [problem for problem in problems.found if problem.code != "QG213"]
    check_task(tuning, compilation, problems)
    check_sampling(tuning, compilation, problems)
    check_launcher(tuning, problems)
    if compilation is not None:
        enqueued_params(tuning, compilation, problems)
        check_repeats(tuning, compilation, problems)
    if to_run:
        warm_start_study(tuning, problems)
    check_goals(tuning, problems)
    problems.raise_errors()
    assert compilation is not None  # noqa: S101 - whatever prevents it is an error
    return Prepared(tuning, compilation, sort_diagnostics(problems.found))
