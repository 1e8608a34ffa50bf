"""Metrics: scikit-learn's numbers, under the names and directions of the schema."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.core.errors import ConfigValueError
from qgtune.schema import gnn as schema
from qgtune.training import METRICS, Metric
from qgtune.training.scoring.metrics import Predictions, direction_of, measure


def predictions(classes, graphs=40, targets=1, seed=0):
    random = np.random.default_rng(seed)
    labels = np.stack([np.arange(graphs) % classes for _ in range(targets)], axis=1)
    probabilities = tuple(random.dirichlet(np.ones(classes), size=graphs) for _ in range(targets))
    names = tuple(f"target{k}" for k in range(targets))
    return Predictions(names, labels, tuple(map(np.log, probabilities)))


def expected(labels, probabilities):
    predicted = probabilities.argmax(axis=1)
    scores = {
        "loss": sk.log_loss(labels, probabilities),
        "accuracy": sk.accuracy_score(labels, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, predicted),
        "matthews": sk.matthews_corrcoef(labels, predicted),
        "roc_auc": sk.roc_auc_score(labels, probabilities[:, 1])
        if probabilities.shape[1] == 2
        else sk.roc_auc_score(labels, probabilities, multi_class="ovr"),
    }
    for average in ("weighted", "macro", "micro"):
        for name in ("f1", "precision", "recall"):
            score = getattr(sk, f"{name}_score")
            scores[f"{name}_{average}"] = score(labels, predicted, average=average, zero_division=0)
    return scores


def test_the_names_and_directions_are_those_of_the_schema():
    assert {name: METRICS[name].direction for name in METRICS} == dict(schema.METRICS)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_every_metric_equals_scikit_learns(classes):
    given_ = predictions(classes)
    wanted = expected(given_.labels[:, 0], np.exp(given_.outputs[0]))
    assert measure(given_, METRICS) == pytest.approx(wanted)


def test_with_several_targets_a_metric_is_the_mean_and_each_target_has_its_own():
    both = predictions(3, targets=2)
    measured = measure(both, ["accuracy", "loss"])
    for name in ("accuracy", "loss"):
        singles = [measured[f"{name}/target{k}"] for k in (0, 1)]
        assert measured[name] == pytest.approx(np.mean(singles))
        assert singles[1] == pytest.approx(expected(both.labels[:, 1], np.exp(both.outputs[1]))[name])


def test_one_target_has_no_values_of_its_own():
    assert set(measure(predictions(2), ["accuracy"])) == {"accuracy"}


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4), st.integers(2, 20), st.integers(0, 1000))
def test_shares_lie_between_0_and_1_and_nothing_warns(classes, graphs, seed):
    measured = measure(predictions(classes, graphs, seed=seed), METRICS)
    for name in set(METRICS) - {"loss", "matthews"}:
        assert 0 <= measured[name] <= 1 + 1e-12


def test_roc_auc_leaves_out_classes_that_no_graph_has():
    labels = np.array([0, 0, 1, 1])
    log_probabilities = np.log(np.array([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1]]))
    assert METRICS["roc_auc"].score(labels, log_probabilities) == 1.0
    assert np.isnan(METRICS["roc_auc"].score(labels * 0, log_probabilities))


def test_roc_auc_of_two_classes_is_that_of_the_second_to_full_precision():
    # The probability of the first class is 1 in float64 for both graphs, that of the second differs.
    log_probabilities = np.array([[0.0, -60.0], [0.0, -50.0]])
    assert METRICS["roc_auc"].score(np.array([0, 1]), log_probabilities) == 1.0


def test_the_loss_is_finite_where_a_probability_underflows():
    log_probabilities = np.array([[0.0, -2000.0]])
    assert METRICS["loss"].score(np.array([1]), log_probabilities) == 2000.0


def test_a_registered_metric_is_measured(monkeypatch):
    monkeypatch.setattr(METRICS, "_entries", dict(METRICS._entries))
    METRICS.register("graphs")(Metric("maximize", lambda labels, _: float(len(labels))))
    assert measure(predictions(2), ["graphs"]) == {"graphs": 40.0}
    assert direction_of("graphs", ["t"], ("metric",)) == "maximize"


@pytest.mark.parametrize(
    ("metric", "targets", "said"),
    [
        ("f1_wieghted", ["a"], "metric: no metric is named 'f1_wieghted' (did you mean 'f1_weighted'?)"),
        ("loss/b", ["a", "c"], "metric: no target has a metric 'loss/b' (did you mean 'loss/c'?)"),
        ("loss/a", ["a"], "metric: no target has a metric 'loss/a' (did you mean 'loss'?)"),
    ],
)
def test_an_unknown_metric_is_said_with_the_nearest(metric, targets, said):
    with pytest.raises(ConfigValueError) as caught:
        direction_of(metric, targets, ("metric",))
    assert str(caught.value) == said
