"""Two objectives: a forest shall tell digits apart, and shall be small."""

from functools import cache
from typing import Any

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split


@cache
def digits() -> list[Any]:
    """Return images for training and validation, then the labels of both."""
    return train_test_split(*load_digits(return_X_y=True), test_size=0.3, random_state=0)


def accuracy_and_size(trial: Any, config: dict[str, Any]) -> tuple[float, int]:
    """Return the accuracy on the validation images, and how many nodes all trees have together."""
    del trial  # with several objectives there is nothing to report: nothing is pruned
    images, validation_images, labels, validation_labels = digits()
    forest = RandomForestClassifier(**config["model"], random_state=config["training"]["seed"])
    forest.fit(images, labels)
    nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    return float(forest.score(validation_images, validation_labels)), nodes
