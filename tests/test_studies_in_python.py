"""Laws of a study's plots and importances in Python: the same of a tuning file and of a study."""

import sys

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import create_trial
from own_projects import write_project

import qgtune
from qgtune.core.errors import QgtuneError, UsageError

RANGE = FloatDistribution(0.0, 1.0)


@pytest.fixture(autouse=True)
def closed_figures():
    """Draw without a screen, and keep no figure."""
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def kept_study(folder, directions, parameters=12, trials=16):
    """Write a project, and a study whose values follow p7, then p3; return the tuning file."""
    several = f"directions: [{', '.join(directions)}]\n" if len(directions) > 1 else ""
    tuning = write_project(folder, several)
    journal = folder / "runs" / "tiny" / "study.log"
    journal.parent.mkdir(parents=True)
    study = optuna.create_study(
        study_name="tiny", storage=JournalStorage(JournalFileBackend(str(journal))), directions=directions
    )
    for i in range(trials):
        params = {f"p{j}": ((i + 1) * (j + 3) % 17) / 17 for j in range(parameters)}
        value = 10 * params["p7"] + params["p3"]
        trial = create_trial(
            values=[value, params["p3"]][: len(directions)],
            params=params,
            distributions=dict.fromkeys(params, RANGE),
            intermediate_values={0: value} if len(directions) == 1 else {},
        )
        study.add_trial(trial)
    return tuning


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return kept_study(tmp_path_factory.mktemp("one"), ["minimize"])


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    return kept_study(tmp_path_factory.mktemp("front"), ["minimize", "maximize"])


OF_ONE = (
    "history",
    "importance",
    "parallel_coordinates",
    "slices",
    "contour",
    "intermediate_values",
    "timeline",
)
OF_FRONT = ("history", "importance", "parallel_coordinates", "slices", "contour", "timeline", "pareto_front")


@pytest.mark.parametrize("as_study", [False, True], ids=["tuning file", "study"])
@pytest.mark.parametrize("name", OF_ONE)
def test_every_plot_of_a_study_with_one_objective_has_its_axes(one, name, as_study):
    source = qgtune.load_study(one) if as_study else one
    assert getattr(qgtune, f"plot_{name}")(source) is not None


@pytest.mark.parametrize("as_study", [False, True], ids=["tuning file", "study"])
@pytest.mark.parametrize("name", OF_FRONT)
def test_every_plot_of_a_study_with_several_objectives_has_its_axes(front, name, as_study):
    source = qgtune.load_study(front) if as_study else front
    assert getattr(qgtune, f"plot_{name}")(source) is not None


def test_of_many_parameters_the_most_important_are_plotted(one):
    slices = qgtune.plot_slices(one)
    names = [axes.get_xlabel() for axes in slices]
    assert len(names) == 8
    assert "p7" in names
    contour = qgtune.plot_contour(one)
    shares = qgtune.parameter_importances(one)
    assert {contour.get_xlabel(), contour.get_ylabel()} == set(list(shares)[:2])
    assert len(qgtune.plot_slices(one, params=["p0", "p1", "p2"])) == 3


def test_the_plot_of_importances_shows_those_that_the_report_tells(one):
    shares = qgtune.parameter_importances(one)
    axes = qgtune.plot_importance(one)
    widths = [bar.get_width() for bar in axes.patches][::-1]
    assert widths[:8] == pytest.approx(list(shares.values())[:8])
    assert widths[8:] == [pytest.approx(sum(list(shares.values())[8:]))]
    assert [label.get_text() for label in axes.get_yticklabels()][::-1] == [*list(shares)[:8], "4 others"]


def test_target_says_which_value_is_meant(front):
    shares = qgtune.parameter_importances(front, target=1)
    assert next(iter(shares)) == "p3"
    assert next(iter(qgtune.parameter_importances(front))) == "p7"
    assert qgtune.plot_history(front).get_ylabel() == "values_0"
    assert qgtune.plot_history(front, target=1).get_ylabel() == "values_1"
    assert qgtune.plot_history(front, target=lambda trial: trial.values[0] / 2) is not None


def test_a_target_that_there_is_not_is_said(front, one):
    for ask in (qgtune.parameter_importances, qgtune.plot_history, qgtune.plot_slices):
        with pytest.raises(UsageError, match="there is no target 2"):
            ask(front, target=2)
    with pytest.raises(UsageError, match="plot timeline takes no target"):
        qgtune.plot_timeline(one, target=0)


def test_what_cannot_be_plotted_says_why(one, tmp_path):
    with pytest.raises(QgtuneError, match="the plot pareto_front cannot be drawn"):
        qgtune.plot_pareto_front(one)
    with pytest.raises(QgtuneError, match=r"the plot slices cannot be drawn: .*nothing"):
        qgtune.plot_slices(one, params=["nothing"])
    few = kept_study(tmp_path, ["minimize"], trials=1)
    with pytest.raises(QgtuneError, match="importance of parameters: it is undefined with fewer than two"):
        qgtune.plot_importance(few)


def test_a_plot_leaves_the_style_of_others_alone(one):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    qgtune.plot_contour(one)
    assert dict(mpl.rcParams) == before


def test_missing_libraries_are_named_with_the_extra(one, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(QgtuneError, match=r'pandas: pip install "qgtune\[reports\]"'):
        qgtune.trials_frame(one)
    with pytest.raises(QgtuneError, match=r'matplotlib: pip install "qgtune\[reports\]"'):
        qgtune.plot_history(one)
