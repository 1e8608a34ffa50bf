"""Metrics of predicted classes by name, computed by scikit-learn.

With several targets a metric is the mean over them, and ``metric/target`` is its value for one target.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.core.registry import Registry
from qgtune.schema import gnn as schema

Labels = NDArray[np.int64]
LogProbabilities = NDArray[np.float64]
Score = Callable[[Any, NDArray[np.float64]], float]

LOSS = "loss"
"""The metric that every task has."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: the direction in which it gets better, and how it is computed.

    ``score`` is called with the labels [samples] and what the task predicts for them, float64, and returns a
    number. The labels of classes are int64, and what is predicted are the logarithms of the probabilities,
    [samples, classes]; of values both are [samples].
    """

    direction: str
    score: Score


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says about some samples, beside what is true.

    ``labels`` is [samples, targets]; ``outputs`` holds for each target what its scores are given, float64
    [samples, ...]; ``target_names`` are in the same order. ``loss`` is the mean of the task's loss, where it
    was taken.
    """

    target_names: tuple[str, ...]
    labels: NDArray[Any]
    outputs: tuple[NDArray[np.float64], ...]
    loss: float | None = None


Metrics = Mapping[str, Metric] | Registry[Metric]
"""Metrics by name."""

METRICS: Registry[Metric] = Registry("metric")


def measure(predictions: Predictions, names: Iterable[str], metrics: Metrics = METRICS) -> dict[str, float]:
    """Return the named metrics of the predictions; with several targets also ``metric/target`` for each.

    Args:
        predictions: of at least one sample.
        names: names in ``metrics``; of ``metric/target`` the part before the slash counts. A ``loss`` that is
            not in ``metrics`` is that of the predictions.
        metrics: the metrics by name.
    """
    measured: dict[str, float] = {}
    several = len(predictions.target_names) > 1
    for name in dict.fromkeys(name.partition("/")[0] for name in names):
        if name == LOSS and LOSS not in metrics:
            measured[LOSS] = float("nan") if predictions.loss is None else predictions.loss
            continue
        score = metrics[name].score
        values = [
            float(score(predictions.labels[:, k], output)) for k, output in enumerate(predictions.outputs)
        ]
        measured[name] = float(np.mean(values))
        if several:
            pairs = zip(predictions.target_names, values, strict=True)
            measured |= {f"{name}/{target}": value for target, value in pairs}
    return measured


def direction_of(
    metric: str,
    target_names: Sequence[str],
    path: Path,
    metrics: Metrics = METRICS,
    *,
    loss_by_target: bool = False,
) -> str:
    """Return ``minimize`` or ``maximize``: the direction in which the metric gets better.

    Args:
        metric: a name in ``metrics``, or ``loss``, either of them perhaps with ``/target``.
        target_names: of the data set.
        path: where the metric stands in the config, for messages.
        metrics: the metrics by name.
        loss_by_target: whether a ``loss`` that is not in ``metrics`` is told for each target too.

    Raises:
        ConfigValueError: at ``path``, if no metric or no target has that name.
    """
    name, slash, target = metric.partition("/")
    if slash and name == LOSS and LOSS not in metrics and not loss_by_target:
        raise ConfigValueError(path, f"the loss is that of all targets together: no metric is {metric!r}")
    if name not in metrics and name != LOSS:
        known = sorted({*metrics, LOSS})
        raise ConfigValueError(path, f"no metric is named {name!r}", did_you_mean(name, known))
    if slash and (target not in target_names or len(target_names) == 1):
        legal = [f"{name}/{each}" for each in target_names] if len(target_names) > 1 else [name]
        raise ConfigValueError(path, f"no target has a metric {metric!r}", did_you_mean(metric, legal))
    return metrics[name].direction if name in metrics else schema.MINIMIZE


def _loss(labels: Labels, log_probabilities: LogProbabilities) -> float:
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def _of_classes(score: Callable[[Labels, Labels], float]) -> Score:
    """Return the score of the most probable classes."""
    return lambda labels, log_probabilities: score(labels, log_probabilities.argmax(axis=1))


def _balanced_accuracy(labels: Labels, predicted: Labels) -> float:
    # scikit-learn's own function warns of predicted classes that are not among the labels.
    present = np.unique(labels)
    return float(
        sklearn_metrics.recall_score(labels, predicted, labels=present, average="macro", zero_division=0)
    )


def _roc_auc(labels: Labels, log_probabilities: LogProbabilities) -> float:
    """Return the mean area over the classes, each against the rest; of two classes, that of the second.

    Classes that no graph or every graph has are left out; without any other class it is NaN. The order of the
    logarithms is that of the probabilities, so the areas are the same.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        return float("nan")
    if log_probabilities.shape[1] == 2:
        classes = classes[1:]
    areas = [sklearn_metrics.roc_auc_score(labels == c, log_probabilities[:, c]) for c in classes]
    return float(np.mean(areas))


def _register_built_in() -> None:
    of_classes: dict[str, Callable[[Labels, Labels], float]] = {
        "accuracy": sklearn_metrics.accuracy_score,
        "balanced_accuracy": _balanced_accuracy,
        "matthews": sklearn_metrics.matthews_corrcoef,
    }
    for average in ("weighted", "macro", "micro"):
        for name in ("f1", "precision", "recall"):
            score = getattr(sklearn_metrics, f"{name}_score")
            of_classes[f"{name}_{average}"] = partial(score, average=average, zero_division=0)
    scores = {"loss": _loss, "roc_auc": _roc_auc, **{name: _of_classes(s) for name, s in of_classes.items()}}
    for name, direction in schema.METRICS.items():
        METRICS.register(name)(Metric(direction, scores[name]))


_register_built_in()
