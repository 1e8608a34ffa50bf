"""An objective in scikit-learn: the cross-validated accuracy of a support vector machine."""

from functools import cache
from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC


@cache
def digits() -> tuple[Any, Any]:
    """Return images and labels; a worker loads them once for all its trials."""
    return load_digits(return_X_y=True)


def accuracy(trial: Any, config: dict[str, Any]) -> float:
    """Return the mean accuracy over the folds; ``config`` is concrete, nothing is left to sample."""
    del trial  # an objective may report and prune; this one has nothing to report
    images, labels = digits()
    size = config["training"]["subset"]
    scores = cross_val_score(
        SVC(**config["model"]), images[:size], labels[:size], cv=config["training"]["folds"]
    )
    return float(scores.mean())
