"""Finished and running studies, for scripts and notebooks: load one, ask it, draw it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgtune.compiler.tuning import Tuning, read_tuning
from qgtune.core.diagnostics import Diagnostic, Severity, sort_diagnostics
from qgtune.core.errors import DiagnosticError, QgtuneError, UsageError
from qgtune.outputs.study_results import metric_names, open_tuned_study
from qgtune.reports.trials_table import trial_rows

if TYPE_CHECKING:
    from qgtune.study import Study

_TUNING = (".yaml", ".yml")


def load_study(source: "str | Path | Study", study_name: str | None = None) -> "Study":
    """Return a study as Optuna has it, with everything that Optuna can do with it.

    Args:
        source: a tuning file (``.yaml`` or ``.yml``), or what keeps a study, such as ``study.log``; a study
            is returned as it is.
        study_name: which of several studies; by default the only one. A tuning file names its own.

    Raises:
        DiagnosticError: if the tuning file has problems, there is no such study, or it was begun with other
            directions than the file has now.
        ConfigValueError: if there is no such study in a storage that is named itself.

    Example:
        ``qgtune.load_study("tuning.yaml").best_params``
    """
    if not isinstance(source, str | Path):
        return source
    if str(source).endswith(_TUNING):
        return open_tuned_study(tuning_of(Path(source)), writing=True)
    from qgtune.study import open_study

    return open_study(study_name, source, writing=True)


def tuning_of(path: Path) -> Tuning:
    """Return a tuning file that was read; the search space is not.

    Raises:
        DiagnosticError: if it cannot be read, or a setting is wrong.
    """
    problems: list[Diagnostic] = []
    tuning = read_tuning(path, problems)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if tuning is None or errors:
        raise DiagnosticError(sort_diagnostics(problems))
    return tuning


def trials_frame(source: "str | Path | Study", study_name: str | None = None) -> Any:
    """Return the trials as a pandas data frame, one row each, with the columns of trials.csv.

    Args:
        source: a study, or what ``load_study`` takes.
        study_name: which of several studies.

    Raises:
        QgtuneError: if pandas is missing.

    Example:
        ``qgtune.trials_frame("tuning.yaml").sort_values("value").head()``
    """
    try:
        import pandas as pd  # type: ignore[import-untyped,unused-ignore]  # not everywhere installed
    except ImportError as error:
        raise QgtuneError('a data frame takes pandas: pip install "qgtune[reports]"') from error
    from qgtune.study import trial_records, value_names

    study = load_study(source, study_name)
    return pd.DataFrame(trial_rows(trial_records(study), value_names(study)))


def parameter_importances(
    source: "str | Path | Study", study_name: str | None = None, *, target: int = 0
) -> dict[str, float]:
    """Return the importance of each parameter; the shares add up to 1, the largest comes first.

    Only parameters that every complete trial has are compared.

    Args:
        source: a study, or what ``load_study`` takes.
        study_name: which of several studies.
        target: which value of a trial, from 0, where it has several.

    Raises:
        QgtuneError: if they are undefined, with the reason.
        UsageError: if trials have no such value.

    Example:
        ``qgtune.parameter_importances("tuning.yaml")``
    """
    from qgtune.study import importances

    study = load_study(source, study_name)
    if not 0 <= target < len(study.directions):
        last = len(study.directions) - 1
        raise UsageError(f"there is no target {target}: those of study {study.study_name} are 0 to {last}")
    found = importances(study, target)
    if not found.shares:
        raise QgtuneError(f"the importance of parameters: {found.method[0].lower()}{found.method[1:]}")
    return found.shares


def plot(
    kind: str,
    source: "str | Path | Study",
    study_name: str | None = None,
    *,
    target: int | Callable[[Any], float] | None = None,
    **options: Any,
) -> Any:
    """Return the matplotlib axes of one of Optuna's plots.

    Args:
        kind: ``history``, ``importance``, ``parallel_coordinates``, ``slices``, ``contour``,
            ``intermediate_values``, ``timeline`` or ``pareto_front``.
        source: a study, or what ``load_study`` takes.
        study_name: which of several studies.
        target: which value of a trial, from 0, where it has several; by default the first. A function of a
            trial is taken too.
        options: what Optuna's own function takes, such as ``params``. Without ``params``, of many parameters
            the eight most important are shown, in a contour the two most important.

    Raises:
        QgtuneError: if matplotlib is missing, there is no such plot, or the study has too little for it.
        UsageError: if trials have no such value, or the plot shows none.

    Example:
        ``qgtune.plot_history("tuning.yaml", target=1)``
    """
    from qgtune.study import plot_axes, value_names

    study = load_study(source, study_name)
    names = value_names(study)
    if isinstance(source, str | Path) and str(source).endswith(_TUNING):
        names = metric_names(tuning_of(Path(source)).settings)
    return plot_axes(kind, study, names, target, **options)


def plot_history(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of the value of each trial, and of the best so far; see ``plot``."""
    return plot("history", source, **options)


def plot_importance(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of the importance of each parameter; see ``plot``."""
    return plot("importance", source, **options)


def plot_parallel_coordinates(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of all trials as lines across their parameters; see ``plot``."""
    return plot("parallel_coordinates", source, **options)


def plot_slices(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of the value by each parameter; see ``plot``."""
    return plot("slices", source, **options)


def plot_contour(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of the value over two parameters; see ``plot``."""
    return plot("contour", source, **options)


def plot_intermediate_values(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of what trials reported on their way; see ``plot``."""
    return plot("intermediate_values", source, **options)


def plot_timeline(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of when each trial ran; see ``plot``."""
    return plot("timeline", source, **options)


def plot_pareto_front(source: "str | Path | Study", **options: Any) -> Any:
    """Return the axes of the trials that no other one beats, of a study with several objectives."""
    return plot("pareto_front", source, **options)
