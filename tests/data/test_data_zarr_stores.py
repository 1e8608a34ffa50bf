"""Laws of causal sets in zarr stores."""

import importlib.util

import numpy as np
import pytest

from qgtune.core.errors import ConfigValueError
from qgtune.data import load_dataset
from qgtune.data.zarr_stores import dataset_of_arrays, graphs_of_arrays, store_files
from qgtune.schema.data_checks import parse_file_settings

HAS_ZARR = importlib.util.find_spec("zarr") is not None
needs_zarr = pytest.mark.skipif(
    not HAS_ZARR, reason="zarr is not installed, and writes the store of this test"
)

SIZES = (3, 5, 4)
FEATURES = ("in_degree", "max_pathlens_past")


def some_arrays():
    """Return three chains of 3, 5 and 4 elements as QuantumGrav stores them, transposed and padded to 6."""
    matrix = np.zeros((3, 6, 6), dtype=np.float32)
    features = np.full((2, 3, 6), 9.0, dtype=np.float32)
    for k, size in enumerate(SIZES):
        matrix[k, :size, :size] = np.eye(size, k=-1)
        features[:, k, :size] = np.arange(size)
    return {
        "adjacency_matrix": matrix,
        "cset_size": np.array(SIZES, dtype=np.int32),
        "manifold_like": np.array([True, False, True]),
        **dict(zip(FEATURES, features, strict=True)),
    }


def settings_of(**settings):
    return parse_file_settings(
        {"name": "zarr_store", "paths": ["csets.zarr"], "features": list(FEATURES)} | settings
    )


def write_marks(folder, names):
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "zarr.json").write_text("{}")


def load(folder, **settings):
    given = {"name": "zarr_store", "paths": ["csets.zarr"], "features": list(FEATURES)} | settings
    return load_dataset(given, base_dir=folder)


def refusal(folder, **settings):
    with pytest.raises(ConfigValueError) as caught:
        load(folder, **settings)
    return caught.value


def test_each_causal_set_is_a_graph_without_its_padding():
    for size, label, graph in zip(
        SIZES, [1, 0, 1], graphs_of_arrays(some_arrays(), settings_of()), strict=True
    ):
        assert graph.x.tolist() == [[k, k] for k in range(size)]
        assert graph.edge_index.tolist() == [[*range(size - 1)], [*range(1, size)]]
        assert graph.y.tolist() == [label]


def test_edges_of_a_matrix_that_is_not_transposed_go_from_row_to_column():
    graph = next(graphs_of_arrays(some_arrays(), settings_of(transposed=False)))
    assert graph.edge_index.tolist() == [[1, 2], [0, 1]]


def test_nan_is_filled_only_where_the_settings_say_with_what():
    arrays = some_arrays()
    arrays["in_degree"][0, 1] = np.nan
    assert np.isnan(next(graphs_of_arrays(arrays, settings_of())).x.numpy()[1, 0])
    assert next(graphs_of_arrays(arrays, settings_of(fill_nan=0.5))).x[1, 0] == 0.5


def test_stores_follow_each_other_in_one_data_set_with_their_names():
    dataset = dataset_of_arrays([some_arrays(), some_arrays()], settings_of())
    assert dataset.labels.ravel().tolist() == [1, 0, 1, 1, 0, 1]
    assert dataset.feature_names == FEATURES
    assert [(target.name, target.num_classes) for target in dataset.targets] == [("manifold_like", 2)]


def test_targets_of_floating_point_are_values_unless_they_are_said_to_be_classes():
    arrays = some_arrays() | {"manifold_like": np.array([0.0, 2.0, 1.0])}
    assert dataset_of_arrays([arrays], settings_of()).num_classes == (None,)
    assert dataset_of_arrays([arrays], settings_of(predicts="classes")).num_classes == (3,)
    assert dataset_of_arrays([arrays], settings_of(num_classes=[4])).num_classes == (4,)


def test_values_that_make_no_data_set_are_refused_with_a_way_out():
    arrays = some_arrays()
    arrays["in_degree"][0, 1] = np.nan
    with pytest.raises(ConfigValueError, match="node 1 of graph 0 has nan in column 0 of x") as caught:
        dataset_of_arrays([arrays], settings_of())
    assert caught.value.hint == "fill_nan: 0.0 puts 0 for NaN, as QuantumGrav does"
    arrays = some_arrays() | {"manifold_like": np.array([0, 3, 1])}
    with pytest.raises(ConfigValueError, match="graph 1 has the label 3") as caught:
        dataset_of_arrays([arrays], settings_of(num_classes=[2]))
    assert caught.value.path == ("data", "num_classes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"adjacency_matrix": np.zeros((3, 6))},
            "adjacency_matrix must have the shape [graphs, nodes, nodes], not [3, 6]",
        ),
        (
            {"in_degree": np.zeros((3, 5))},
            "in_degree must have the shape [3, 6], as adjacency_matrix has [3, 6, 6], and has [3, 5]",
        ),
        ({"manifold_like": np.zeros(2)}, "manifold_like must have the shape [3]"),
        ({"cset_size": np.array([3, 7, 4])}, "cset_size must lie between 1 and 6, and graph 1 has 7"),
        ({"cset_size": np.array([0, 5, 4])}, "cset_size must lie between 1 and 6, and graph 0 has 0"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused_with_their_shapes(change, message):
    with pytest.raises(ConfigValueError) as caught:
        list(graphs_of_arrays(some_arrays() | change, settings_of()))
    assert message in caught.value.message


def test_a_store_consists_of_the_files_of_the_arrays_that_are_used(tmp_path):
    settings = settings_of()
    assert store_files(settings, tmp_path) == []
    write_marks(tmp_path / "csets.zarr" / "adjacency_matrix", [*some_arrays(), "another_feature"])
    found = store_files(settings, tmp_path)
    assert {path.parent.name for path in found} == set(some_arrays())


class Damaged:
    """An array whose chunks cannot be read."""

    shape = (3,)

    def __getitem__(self, _):
        raise RuntimeError("error during blosc decompression: 0")


def test_a_damaged_chunk_is_named_with_the_store_that_holds_it():
    with pytest.raises(ConfigValueError, match="cannot be read: RuntimeError: error during blosc") as caught:
        dataset_of_arrays([some_arrays(), some_arrays() | {"cset_size": Damaged()}], settings_of())
    assert caught.value.path == ("data", "paths", 1)


def test_what_is_not_in_a_store_is_refused_at_the_setting_that_names_it(tmp_path):
    store = tmp_path / "csets.zarr"
    assert refusal(tmp_path).message == f"the store {store} does not exist"
    write_marks(store / "adjacency", ["adjacency_matrix", "cset_size", "in_degree", "max_pathlens_past"])
    error = refusal(tmp_path)
    assert (error.path, error.message) == (
        ("data", "group"),
        f"the store {store} has no group 'adjacency_matrix'",
    )
    error = refusal(tmp_path, group="adjacency", features=["in_degre"])
    assert (error.path, error.hint) == (("data", "features", 0), "did you mean 'in_degree'?")
    error = refusal(tmp_path, group="adjacency")
    assert error.path == ("data", "targets", 0)
    assert "has no array 'manifold_like'" in error.message


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "csets.zarr").write_bytes(b"")
    assert "is not a folder, as a zarr store is" in refusal(tmp_path).message


@pytest.mark.skipif(HAS_ZARR, reason="zarr is installed")
def test_without_zarr_its_first_use_says_how_to_get_it(tmp_path):
    write_marks(tmp_path / "csets.zarr" / "adjacency_matrix", some_arrays())
    error = refusal(tmp_path)
    assert error.path == ("data", "name")
    assert error.message == "zarr_store needs the package zarr, which is not installed"
    assert error.hint == 'pip install "qgtune[zarr]" installs it'


def write_store(path, arrays):
    import zarr

    group = zarr.open_group(str(path), mode="w").require_group("adjacency_matrix")
    for name, values in arrays.items():
        written = group.require_array(name, shape=values.shape, dtype=values.dtype)
        written[:] = values


@needs_zarr
def test_a_store_gives_the_same_graphs_as_its_arrays(tmp_path):
    for name in ("a.zarr", "b.zarr"):
        write_store(tmp_path / name, some_arrays())
    loaded = load(tmp_path, paths=["a.zarr", "b.zarr"])
    for ours, theirs in zip(loaded, dataset_of_arrays([some_arrays()] * 2, settings_of()), strict=True):
        assert ours.x.equal(theirs.x)
        assert ours.edge_index.equal(theirs.edge_index)
        assert ours.y.equal(theirs.y)
