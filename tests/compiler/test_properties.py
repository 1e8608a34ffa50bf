"""What is true of every project: properties over random files, and over mutated ones."""

import ast
import importlib
import io
import os
import pathlib
import pickle
import signal
import sys

import optuna
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from spaces import compiled
from strategies import in_another_order, projects

from qgtune.compiler.emit import best_config_text, built_header, built_search_space_text
from qgtune.core.diagnostics import Diagnostic, Location, Related
from qgtune.core.errors import DiagnosticError
from qgtune.document import same_value

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))  # fuzz/ is beside the package, not in it

from fuzz.mutations import mutated_project  # noqa: E402 - after the line that finds it
from fuzz.processes import Inputs, judge_all  # noqa: E402
from fuzz.projects import CORPUS, project_in, seed_projects  # noqa: E402
from fuzz.verdicts import TOO_LONG, judge  # noqa: E402

thorough = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32 - 1)


def trial_of(seed):
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed)).ask()


@thorough
@given(projects(), seeds)
def test_every_value_of_a_config_is_what_the_files_say_and_nothing_else_is_suggested(project, seed):
    trial = trial_of(seed)
    config = compiled(*project.texts).plan.resolve(trial)
    assert list(project.problems(config)) == []
    assert set(trial.params) == project.suggested()


@thorough
@given(projects(), seeds, st.randoms(use_true_random=False))
def test_the_order_of_keys_in_any_file_changes_neither_a_config_nor_the_fingerprint(project, seed, chance):
    trial = trial_of(seed)
    plan = compiled(*project.texts).plan
    config = plan.resolve(trial)
    data = (project.space, project.base, project.dependencies)
    texts = [yaml.safe_dump(in_another_order(file, chance), sort_keys=False) for file in data]
    other = compiled(*texts).plan
    assert other.config_of(trial.params) == config
    assert other.fingerprint == plan.fingerprint


@thorough
@given(projects(), seeds)
def test_the_same_seed_gives_the_same_config_also_from_a_pickled_plan(project, seed):
    plan = compiled(*project.texts).plan
    copy = pickle.loads(pickle.dumps(plan))
    assert copy == plan
    first, second, third = (p.resolve(trial_of(seed)) for p in (plan, compiled(*project.texts).plan, copy))
    assert same_value(first, second)
    assert same_value(first, third)


@thorough
@given(projects(), seeds)
def test_the_configs_that_are_written_read_back_the_same_under_every_reader(project, seed):
    compilation = compiled(*project.texts)
    config = compilation.plan.resolve(trial_of(seed))
    built = built_search_space_text(compilation, config, built_header(compilation, config))
    best = best_config_text(compilation, config, ["The best trial's config."]).text
    for text in (built, best):
        assert same_value(yaml.safe_load(text), config)
        assert same_value(YAML(typ="safe", pure=True).load(io.StringIO(text)), config)


@thorough
@given(projects(), seeds)
def test_no_two_configs_share_a_list_or_a_mapping(project, seed):
    plan = compiled(*project.texts).plan
    first, second = plan.resolve(trial_of(seed)), plan.resolve(trial_of(seed))
    parts = [id(part) for config in (first, second) for part in containers(config)]
    assert len(parts) == len(set(parts))


def containers(value):
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


PLACE = Location("a.yaml", 1, 2, 1, 3, "a: b")
ARGUMENTS = {
    "DiagnosticError": ((Diagnostic("QG301", "no", PLACE, "a hint", related=(Related(PLACE, "there"),)),),),
    "ConfigValueError": (("model", 0, "in_dim"), "must be above 0", "write 1", True),
    "PathSyntaxError": ("a..b", 2, "a part is missing"),
    "UnknownNameError": ("layer type", "gcm", "did you mean 'gcn'?"),
    "UserCodeError": ("the file cannot be imported", "a hint", PLACE),
    "ExpressionSyntaxError": (3, "this is not an expression", "a hint"),
    "GraphFileError": ("graphs.bin", "it ends too early"),
    "TrainingError": ("the loss is nan", 3, None, 0.1),
    "DomainError": ("low", "low must be below high", "a hint"),
    # A node is the same only as itself; that nodes are pickled is shown in tests/document.
    "OutOfMemoryError": ("the CPU", "an array of 8 GiB could not be made"),
    "OutOfSpaceError": ("model.width", "8 is below the lowest value, 16"),
    **dict.fromkeys(
        ("UnknownAlgorithmError", "SpaceChangedError"), (("sampler",), "there is none", "a hint")
    ),
    "WrongTypeError": ("low must be a number", "a node", "a hint"),
}
"""Arguments for the exceptions that take more than a text."""


INTERNAL = {"BoundExceededError"}
"""Exceptions that never leave their room, whatever their names."""


def public_exceptions():
    """Yield module and name of every exception of the package that may leave the room that it lives in."""
    for path in sorted((ROOT / "qgtune").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name not in INTERNAL:
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                if any(base.endswith(("Error", "Exception", "Warning")) for base in bases):
                    yield module, node.name


@pytest.mark.parametrize(("module", "name"), list(public_exceptions()))
def test_every_public_exception_survives_pickling_with_its_text(module, name):
    kind = getattr(importlib.import_module(module), name)
    error = kind(*ARGUMENTS.get(name, ("what is wrong",)))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def failure(project, folder):
    """Return how a project fails, or None; how long it takes is not asked here, where other tests run too."""
    verdict = judge(project, folder)
    return (
        f"{verdict.what}\n{verdict.details}"
        if verdict.kind == "failure" and verdict.what != TOO_LONG
        else None
    )


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.iterdir()))
def test_what_fuzzing_once_found_is_a_plan_or_diagnostics(name, tmp_path):
    assert failure(project_in(CORPUS / name), tmp_path) is None


def test_a_few_hundred_mutated_projects_are_each_a_plan_or_diagnostics(tmp_path):
    seeds = seed_projects()
    for number in range(300):
        assert failure(mutated_project(seeds, 7, number), tmp_path) is None, f"input {number}"


def die(project, folder):
    """Judge as a process does that the operating system ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_input_that_ends_its_process_is_a_failure_and_the_next_one_has_a_new_process():
    inputs = Inputs([{"tuning.yaml": b""}], 0, die)
    found = sorted((number, verdict.what) for number, verdict in judge_all(iter(range(2)), inputs, 1))
    assert found == [(0, "the process died"), (1, "the process died")]


def test_a_diagnostic_error_keeps_its_diagnostics_when_it_is_pickled():
    with pytest.raises(DiagnosticError) as caught:
        compiled("a: {x: {type: flaot, low: 1, high: 2}}\nb: *c\n", "a: {x: 1}", "a: {x: a..y}")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.diagnostics == caught.value.diagnostics
    assert str(copy) == str(caught.value)
