"""Laws of the pixel graphs."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from qgtune.core.errors import ConfigValueError
from qgtune.data import load_dataset
from qgtune.data.digit_graphs import build_digit_graphs
from qgtune.schema.data import DigitGraphsSettings


def build(**settings):
    return build_digit_graphs(DigitGraphsSettings.model_validate({"name": "digit_graphs", **settings}))


@pytest.fixture(scope="module")
def digits():
    return build()


def column(dataset, name):
    return dataset.arrays.x[:, dataset.feature_names.index(name)]


def test_there_are_1797_digits_in_ten_classes(digits):
    assert len(digits) == 1797
    assert digits.num_classes == (10,)
    assert digits.targets[0].class_names == tuple("0123456789")
    assert np.array_equal(digits.labels[:, 0], load_digits().target)


def test_nodes_are_the_pixels_above_the_threshold():
    images = load_digits().images / 16
    sizes = np.diff(build(threshold=0.5).arrays.node_ptr)
    assert np.array_equal(sizes, (images > 0.5).sum(axis=(1, 2)))


def test_without_a_threshold_all_64_pixels_are_nodes():
    dataset = build(threshold=None, features=["intensity", "x", "y"])
    assert (np.diff(dataset.arrays.node_ptr) == 64).all()
    graph = dataset.graph(17)
    image = np.zeros((8, 8))
    place = (graph.x[:, 1:] * 7).round().int().numpy()
    image[place[:, 1], place[:, 0]] = graph.x[:, 0].numpy() * 16
    assert np.array_equal(image, load_digits().images[17])


@pytest.mark.parametrize(("connectivity", "edges"), [(4, 2 * 2 * 7 * 8), (8, 2 * (2 * 7 * 8 + 2 * 7 * 7))])
def test_edges_join_neighbours_by_sides_or_by_corners_too(connectivity, edges):
    dataset = build(threshold=None, connectivity=connectivity)
    assert dataset.graph(0).edge_index.shape == (2, edges)


def test_every_edge_joins_neighbours_and_runs_both_ways(digits):
    for index in (0, 100, 1796):
        graph = digits.graph(index)
        place = (graph.x[:, 1:3] * 7).round()
        source, target = graph.edge_index
        assert ((place[source] - place[target]).abs().max(dim=1).values == 1).all()
        assert graph.is_undirected()


def test_every_feature_stays_in_its_range(digits):
    for name in digits.feature_names:
        low = -1 if name in ("neighbor_contrast", "gradient_x", "gradient_y") else 0
        assert low <= column(digits, name).min() <= column(digits, name).max() <= 1


def test_contrast_is_intensity_less_the_mean_of_the_neighbours(digits):
    assert column(digits, "neighbor_contrast") == pytest.approx(
        column(digits, "intensity") - column(digits, "neighbor_mean"), abs=1e-6
    )
    graph = digits.graph(3)
    source, target = graph.edge_index
    intensity = graph.x[:, 0]
    mean = [float(intensity[target[source == node]].mean()) for node in range(graph.num_nodes)]
    assert graph.x[:, digits.feature_names.index("neighbor_mean")].tolist() == pytest.approx(mean, abs=1e-6)


def test_edges_have_features_if_they_are_asked_for(digits):
    dataset = build(edge_features=["contrast", "distance"])
    assert (digits.num_edge_features, dataset.num_edge_features) == (0, 2)
    assert np.array_equal(dataset.arrays.edge_index, digits.arrays.edge_index)
    graph = dataset.graph(5)
    source, target = graph.edge_index
    place, ink = graph.x[:, 1:3] * 7, graph.x[:, 0]
    assert graph.edge_attr[:, 0].tolist() == pytest.approx((ink[target] - ink[source]).tolist())
    steps = (place[target] - place[source]).norm(dim=1).tolist()
    assert graph.edge_attr[:, 1].tolist() == pytest.approx(steps, abs=1e-5)


def test_a_threshold_that_empties_an_image_is_refused():
    faintest = load_digits().images.max(axis=(1, 2)).min() / 16
    assert faintest < 1  # some image has no pixel of full ink
    with pytest.raises(ConfigValueError, match=r"each digit needs a pixel above the threshold") as caught:
        build(threshold=faintest)
    assert caught.value.path == ("data", "threshold")


def test_the_digits_are_cached_like_any_data_set(tmp_path):
    settings = {"name": "digit_graphs", "features": ["intensity"]}
    first = load_dataset(settings, base_dir=Path(), cache_dir=tmp_path)
    second = load_dataset(settings, base_dir=Path(), cache_dir=tmp_path)
    assert len(list(tmp_path.glob("*.graphs"))) == 1
    assert np.array_equal(first.arrays.x, second.arrays.x)
