"""Metrics of predicted values by name, computed by scikit-learn, in the units of the data."""

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from qgtune.core.registry import Registry
from qgtune.schema.gnn.names import REGRESSION_METRICS as DIRECTIONS
from qgtune.training.scoring.metrics import LOSS, Metric, Score

Values = NDArray[np.float64]

REGRESSION_METRICS: Registry[Metric] = Registry("regression_metric")
"""Each score is called with the true and the predicted values, float [samples]."""


def _r2(labels: Values, predicted: Values) -> float:
    # Of one value scikit-learn would warn, and give the same.
    return float(sklearn_metrics.r2_score(labels, predicted)) if len(labels) > 1 else float("nan")


def _register_built_in() -> None:
    scores: dict[str, Score] = {
        "mse": sklearn_metrics.mean_squared_error,
        "rmse": sklearn_metrics.root_mean_squared_error,
        "mae": sklearn_metrics.mean_absolute_error,
        "median_absolute_error": sklearn_metrics.median_absolute_error,
        "max_error": sklearn_metrics.max_error,
        "r2": _r2,
        "explained_variance": sklearn_metrics.explained_variance_score,
    }
    for name, direction in DIRECTIONS.items():
        if name != LOSS:
            REGRESSION_METRICS.register(name)(Metric(direction, scores[name]))


_register_built_in()
