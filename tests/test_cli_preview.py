"""The end of ``qgtune check``: what a run is going to do."""

import itertools
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_projects import write_project

from qgtune import cli
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.document import Source, format_flow
from qgtune.insight.counting import space_size
from qgtune.insight.space_size import SpaceSize

ROOT = pathlib.Path(__file__).parent.parent


def size_of(space, base=""):
    sources = SpaceSources(Source("s", space), Source("b", base) if base else None)
    return space_size(compile_space(sources).space)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ("{a: {type: int, low: 1, high: 4}, b: {type: categorical, choices: [x, y]}}", "8 combinations"),
        ("{a: {type: int, low: 1, high: 9, step: 3}}", "3 combinations"),
        ("{a: {type: float, low: 0.0, high: 0.3, step: 0.1}}", "4 combinations"),
        ("{a: {type: float, low: 0.0, high: 1.0}}", "1 continuous range"),
        ("{a: {type: float, low: 0.0, high: 1.0}, b: {type: int, low: 1, high: 2}}", "2 combinations beside 1 continuous range"),
        ("{a: {type: float, low: 0.5, high: 0.5}}", "1 combination"),
        ("{a: 1}", "1 combination"),
        ("{a: {type: int, low: 1, high: 100000}, b: {type: int, low: 1, high: 100000}}", "10,000,000,000 combinations"),
        (f"{{{', '.join(f'a{i}: {{type: int, low: 1, high: 10}}' for i in range(30))}}}", "about 10^30 combinations"),
    ],
)  # fmt: skip
def test_the_size_of_a_space_is_said_readably(space, said):
    assert str(size_of(space)) == said


DOMAINS = st.one_of(
    st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True).map(
        lambda choices: ({"type": "categorical", "choices": choices}, choices)
    ),
    st.tuples(st.integers(-2, 2), st.integers(0, 3), st.integers(1, 2)).map(
        lambda t: (
            {"type": "int", "low": t[0], "high": t[0] + t[1], "step": t[2]},
            list(range(t[0], t[0] + t[1] + 1, t[2])),
        )
    ),
)


@given(st.dictionaries(st.sampled_from("abc"), DOMAINS, min_size=1))
@settings(max_examples=50, deadline=None)
def test_the_size_is_the_number_of_configs_that_can_be_counted(space):
    forms = format_flow({"s": {name: form for name, (form, _) in space.items()}})
    configs = set(itertools.product(*(values for _, values in space.values())))
    assert size_of(forms) == SpaceSize(len(configs), 0)


def preview_of(tuning, capsys):
    assert cli.main(["check", str(tuning)]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("parameters  "))
    return lines[start:]


def test_a_task_is_told_with_its_data_metric_and_direction(capsys):
    assert preview_of(ROOT / "sample_configs/causal_sets/tuning.yaml", capsys) == [
        "parameters  4 float, 9 categorical",
        "size        218,700 combinations beside 2 continuous ranges",
        "references  4",
        "a trial     trains graph_classification on causal_sets (1,200 graphs, 12 features a node, 2 classes); f1_weighted is maximized",
        "trials      24 in 2 processes",
    ]


def test_an_objective_is_told_by_its_name(tmp_path, capsys):
    tuning = write_project(tmp_path, "n_jobs: 3\ntimeout: 60\ndirection: maximize\nn_trials: 2000\n")
    assert preview_of(tuning, capsys)[-2:] == [
        "a trial     calls objective.py:score; its value is maximized",
        "trials      2,000 in 1 process of 3 threads, at most 60 s",
    ]
