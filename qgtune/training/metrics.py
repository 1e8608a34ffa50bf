"""Metrics of graph classification by name, computed by scikit-learn.

With several targets a metric is the mean over them, and ``metric/target`` is its value for one target.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

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
Score = Callable[[Labels, LogProbabilities], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: the direction in which it gets better, and how it is computed.

    ``score`` is called with the labels, int64 [graphs], and the logarithms of the predicted probabilities,
    float64 [graphs, classes], and returns a number.
    """

    direction: str
    score: Score


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says about some graphs, beside what is true.

    ``labels`` is int64 [graphs, targets]; ``log_probabilities`` holds one float64 [graphs, classes] for each
    target; ``target_names`` are in the same order.
    """

    target_names: tuple[str, ...]
    labels: Labels
    log_probabilities: tuple[LogProbabilities, ...]


METRICS: Registry[Metric] = Registry("metric")


def measure(predictions: Predictions, names: Iterable[str]) -> dict[str, float]:
    """Return the named metrics of the predictions; with several targets also ``metric/target`` for each.

    Args:
        predictions: of at least one graph.
        names: names in ``METRICS``; of ``metric/target`` the part before the slash counts.
    """
    measured: dict[str, float] = {}
    several = len(predictions.target_names) > 1
    for name in dict.fromkeys(name.partition("/")[0] for name in names):
        score = METRICS[name].score
        values = [
            float(score(predictions.labels[:, k], log_probabilities))
            for k, log_probabilities in enumerate(predictions.log_probabilities)
        ]
        measured[name] = float(np.mean(values))
        if several:
            pairs = zip(predictions.target_names, values, strict=True)
            measured |= {f"{name}/{target}": value for target, value in pairs}
    return measured


def direction_of(metric: str, target_names: Sequence[str], path: Path) -> str:
    """Return ``minimize`` or ``maximize``: the direction in which the metric gets better.

    Raises:
        ConfigValueError: at ``path``, if no metric or no target has that name.
    """
    name, slash, target = metric.partition("/")
    if name not in METRICS:
        raise ConfigValueError(path, f"no metric is named {name!r}", did_you_mean(name, METRICS))
    if slash and (target not in target_names or len(target_names) == 1):
        legal = [f"{name}/{each}" for each in target_names] if len(target_names) > 1 else [name]
        raise ConfigValueError(path, f"no target has a metric {metric!r}", did_you_mean(metric, legal))
    return METRICS[name].direction


def registered_metrics() -> frozenset[str]:
    """Return the names of the metrics that users added."""
    return frozenset(METRICS) - frozenset(schema.METRICS)


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
