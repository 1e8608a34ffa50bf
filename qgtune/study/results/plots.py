"""Pictures of a study, drawn by Optuna with matplotlib."""

import contextlib
import importlib.util
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import TrialState

from qgtune.core.errors import QgtuneError
from qgtune.study.quiet import quiet_optuna
from qgtune.study.results.importance import told_importances

MISSING = 'pictures take matplotlib: pip install "qgtune[reports]"'
MOST_PARAMETERS = 8
"""Parameters that one picture shows, the most important of them."""
_DPI = 120
_MOST_LETTERS = 300
_MOST_TRIALS = 1_000
"""Trials that pictures with a line or a bar for each of them show; matplotlib draws more for minutes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a study, or why there is none.

    Args:
        name: its file name, such as ``history.png``.
        image: the PNG image; None where it could not be drawn.
        problem: in one line, why it could not.
    """

    name: str
    image: bytes | None
    problem: str = ""


def can_draw() -> bool:
    """Tell whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def pictures(
    study: optuna.Study, importances: Mapping[str, float], names: Sequence[str]
) -> Iterator[Picture]:
    """Yield each picture that the study has the trials for; one that fails costs no other.

    Args:
        study: any study; of one without a complete trial, only what it reported and its timeline are drawn.
        importances: the share of each parameter, the largest first: pictures of some show the first.
        names: the names of the objectives.

    Raises:
        QgtuneError: if matplotlib is missing.
    """
    if not can_draw():
        raise QgtuneError(MISSING)
    for name, make in _pictures(study, importances, names):
        yield _drawn(f"{name}.png", make)


def _pictures(
    study: optuna.Study, importances: Mapping[str, float], names: Sequence[str]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    import optuna.visualization.matplotlib as draw

    trials = study.get_trials(deepcopy=False)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if any(trial.datetime_start is not None for trial in trials):
        recent = _MOST_TRIALS if len(trials) > _MOST_TRIALS else None
        yield "timeline", lambda: draw.plot_timeline(study, n_recent_trials=recent)
    thinned = study if len(trials) <= _MOST_TRIALS else _thinned(study)
    if any(trial.intermediate_values for trial in trials):
        yield "intermediate_values", lambda: draw.plot_intermediate_values(thinned)
    if not complete:
        return
    first = (lambda trial: trial.values[0]) if len(names) > 1 else None
    about: dict[str, Any] = {"target": first, "target_name": names[0]}
    yield "history", lambda: draw.plot_optimization_history(study, **about)
    if len(names) in {2, 3}:
        yield "pareto_front", lambda: draw.plot_pareto_front(study, target_names=list(names))
    parameters = list(importances)[:MOST_PARAMETERS]
    if not parameters:
        return
    told = told_importances(importances, MOST_PARAMETERS)
    yield "importance", lambda: draw.plot_param_importances(study, evaluator=told, **about)
    yield "parallel_coordinates", lambda: draw.plot_parallel_coordinate(thinned, parameters, **about)
    yield "slices", lambda: draw.plot_slice(study, parameters, **about)
    if len(parameters) > 1:
        yield "contour", lambda: draw.plot_contour(thinned, parameters[:2], **about)


def _thinned(study: optuna.Study) -> optuna.Study:
    """Return a study with the best trials and an even choice of all others; they are numbered anew."""
    trials = study.get_trials(deepcopy=False)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    sign = -1 if study.directions[0].name == "MAXIMIZE" else 1
    complete.sort(key=lambda trial: sign * trial.values[0])
    chosen = {trial.number for trial in complete[: _MOST_TRIALS // 2]}
    chosen |= {trial.number for trial in trials[:: 2 * len(trials) // _MOST_TRIALS]}
    with quiet_optuna():
        smaller = optuna.create_study(directions=study.directions)
        smaller.add_trials([trial for trial in trials if trial.number in chosen])
    return smaller


def _drawn(name: str, make: Callable[[], Any]) -> Picture:
    try:
        return Picture(name, _image(make))
    except Exception as error:  # noqa: BLE001 - whatever two libraries raise of odd values, the rest is drawn
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return Picture(name, None, words[:_MOST_LETTERS].rstrip(": "))


def _image(make: Callable[[], Any]) -> bytes:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    image = io.BytesIO()
    # matplotlib warns of fonts without a glyph and of axes that hold one value; the picture is drawn all the
    # same.
    with quiet_optuna(), warnings.catch_warnings(), plain_text():
        warnings.simplefilter("ignore")
        try:
            axes = make()
            figure = figure_of(axes)
            without_formulas(figure)
            figure.savefig(image, dpi=_DPI, bbox_inches="tight", metadata={"Software": None})
        finally:
            plt.close("all")
    return image.getvalue()


def figure_of(axes: Any) -> Any:
    """Return the figure of the axes that Optuna returns, which are one or an array of them."""
    return getattr(axes, "figure", None) or axes.flat[0].figure


@contextlib.contextmanager
def plain_text() -> Iterator[None]:
    """Let matplotlib take dollar signs for what they are, and forget the style that Optuna sets."""
    import matplotlib as mpl

    with mpl.rc_context({"text.parse_math": False, "text.usetex": False}):
        yield


def without_formulas(figure: Any) -> None:
    """Label logarithmic axes with numbers: matplotlib writes their powers of ten as formulas."""
    from matplotlib.ticker import LogFormatter, LogFormatterMathtext

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_formatter(), LogFormatterMathtext):
            axis.set_major_formatter(LogFormatter())
        if isinstance(axis.get_minor_formatter(), LogFormatterMathtext):
            axis.set_minor_formatter(LogFormatter())
