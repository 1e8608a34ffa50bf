"""Laws of the checks of samplers, pruners and directions: what does not fit is told before the first trial."""

import pytest

from qgtune.compiler.prepare import prepare
from qgtune.core.errors import DiagnosticError

BASE = "width: 8\nrate: 0.1\nkind: a\n"
FLOAT = "rate: {type: float, low: 0.01, high: 0.1}\n"
STEPS = "rate: {type: float, low: 0.1, high: 0.4, step: 0.1}\n"
INTEGER = "width: {type: int, low: 8, high: 16}\n"
CHOICES = "kind: [a, b]\n"
CONDITIONAL = CHOICES + "width: {type: int, low: 8, high: 16, when: \"kind == 'a'\"}\n"
FOLLOWING = INTEGER + "rate: {type: float, low: 1.0, high: width, step: 0.5}\n"
TWO = "directions: [minimize, maximize]\n"


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Return the problems of a tuning file with these settings, as severity, code and message."""
    (tmp_path / "cmaes.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def find(settings, space):
        project = tmp_path / "project"
        project.mkdir()
        (project / "base.yaml").write_text(BASE)
        (project / "space.yaml").write_text(space)
        (project / "mine.py").write_text("def value(trial, config):\n    return 0.0\n")
        head = "base_settings_path: base.yaml\nsearch_space_path: space.yaml\nobjective: mine.py:value\n"
        (project / "tuning.yaml").write_text(head + settings)
        try:
            problems = prepare(project / "tuning.yaml").warnings
        except DiagnosticError as error:
            problems = error.diagnostics
        return [f"{problem.severity.value} {problem.code} {problem.message}" for problem in problems]

    return find


@pytest.mark.parametrize(
    ("settings", "space"),
    [
        ("sampler: grid\n", STEPS + INTEGER + CHOICES),
        ("sampler: brute_force\n", CONDITIONAL),
        ("sampler: brute_force\n", FOLLOWING),
        ("sampler: TPESampler\n" + TWO, CONDITIONAL),
        ("sampler: gp\npruner: none\n" + TWO, FLOAT + CHOICES),
        ("sampler: cmaes\n", FLOAT + INTEGER),
        ("sampler: mine.py:value\npruner: {type: mine.py:value, anything: 3}\n", FLOAT),
        ("sampler: null\npruner: null\n", FLOAT),
        ("pruner: {type: patient, wrapped_pruner: {type: asha, reduction_factor: 3}, patience: 2}\n", FLOAT),
    ],
)
def test_what_fits_is_quiet(found, settings, space):
    assert found(settings, space) == []


@pytest.mark.parametrize(
    ("settings", "space", "expected"),
    [
        (
            "sampler: brute_force\n",
            FLOAT,
            "error QG417 brute_force tries every value, but rate is a float from 0.01",
        ),
        (
            "sampler: grid\n",
            CONDITIONAL,
            "error QG417 a grid has the same parameters in every trial, but width",
        ),
        (
            "sampler: grid\n",
            FOLLOWING,
            "error QG417 a grid has the same values in every trial, but the bounds of rate",
        ),
        ("sampler: gp\n", CONDITIONAL, "warning QG417 gp draws width at random"),
        (
            "sampler: cmaes\n",
            FLOAT + CHOICES,
            "warning QG417 cmaes learns from numbers, so it draws kind at random",
        ),
        ("sampler: cmaes\n" + TWO, FLOAT, "error QG417 cmaes has one objective only"),
        (
            "sampler: {type: tpe, group: true}\n" + TWO,
            FLOAT,
            "error QG417 groups of parameters are for one objective",
        ),
        ("pruner: median\n" + TWO, FLOAT, "error QG417 trials of several objectives cannot be pruned"),
        ("sampler: mine.py:valu\n", FLOAT, "mine.py defines no function 'valu'"),
        (
            "sampler: {type: gp, independent_sampler: {type: tpe, ei: 3}}\n",
            FLOAT,
            "error QG416 tpe takes no argument",
        ),
        ("directions: [minimize]\n", FLOAT, "error QG403 directions must have at least 2 items"),
        ("direction: minimize\n" + TWO, FLOAT, "error QG403 direction and directions set the same thing"),
    ],
)
def test_what_does_not_fit_is_told(found, settings, space, expected):
    (problem,) = found(settings, space)
    assert expected in problem


def test_all_problems_of_a_setting_are_told_at_once(found):
    problems = found("sampler: {type: tpe, n_startup: 3, n_ei_candidates: 0}\npruner: medain\n", FLOAT)
    assert [problem.split()[1] for problem in problems] == ["QG416", "QG416", "QG415"]
