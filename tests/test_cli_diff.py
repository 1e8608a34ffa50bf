"""``qgtune diff``: every change is named, and the verdict is the one that a run would give."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_projects import BASE, SPACE, qgtune_here, write_project

from qgtune import cli
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.compiler.planning.canonical_form import canonical_form
from qgtune.document import Source, format_flow
from qgtune.insight.difference import Verdict, compare_spaces
from qgtune.insight.outline import outline
from qgtune.study.space_change import space_changes


def compiled(base, space, dependencies=""):
    texts = (("s", space), ("b", base), ("m", dependencies))
    return compile_space(SpaceSources(*(Source(name, text) for name, text in texts)))


def changes(old, new, base="a: 1\nb: 1\nc: {d: 1}\n"):
    return {
        change.name: (str(change.kind), change.detail or (change.before, change.after))
        for change in compare_spaces(outline(compiled(base, old)), outline(compiled(base, new))).changes
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a: [1, 2]", "a: [1, 2, 3]", ("parameter", "choice added: 3")),
        ("a: [1, 2, 3]", "a: [1]", ("parameter", "choices removed: 2, 3")),
        ("a: [1, 2]", "a: [1, 3]", ("parameter", "choice added: 3; choice removed: 2")),
        ("a: [1, 2]", "a: [2, 1]", ("parameter", "the order of choices: 2, 1 now, 1, 2 before")),
        ("a: [1, 2]", "a: [1, 2.0]", ("parameter", "choice added: 2.0; choice removed: 2")),
        (
            "a: {type: categorical, choices: {p: 1, q: 2}}",
            "a: {type: categorical, choices: {p: 1, q: 3}}",
            ("parameter", "choice with another value: q"),
        ),
        (
            "a: {type: int, low: 1, high: 4}",
            "a: {type: int, low: 1, high: 8}",
            ("parameter", "range widened: from 1 to 8 now, from 1 to 4 before"),
        ),
        (
            "a: {type: int, low: 1, high: 4}",
            "a: {type: int, low: 1, high: 3, log: true}",
            ("parameter", "range narrowed: from 1 to 3 now, from 1 to 4 before; a logarithmic scale now, a linear scale before"),
        ),
        (
            "a: {type: float, low: 1.0, high: 4.0}",
            "a: {type: float, low: 0.5, high: 3.0, step: 0.5}",
            ("parameter", "range moved: from 0.5 to 3.0 now, from 1.0 to 4.0 before; step 0.5 now, none before"),
        ),
        (
            "a: [1, 2]",
            "a: {type: int, low: 1, high: 2}",
            ("parameter", "int from 1 to 2 now, one of 1, 2 before"),
        ),
        ("a: [1, 2]", "b: [1, 2]", ("parameter", "1 now, one of 1, 2 before")),
        ("a: 2", "a: 3", ("constant", "3 now, 2 before")),
        ("a: 2", "a: 2.0", ("constant", "2.0 now, 2 before")),
        ("a: {type: fixed, value: 1}", "a: 1", None),
    ],
)  # fmt: skip
def test_a_change_is_named_with_how_it_changed(old, new, expected):
    assert changes(old, new).get("a") == expected


def test_what_is_added_and_what_is_removed_is_named():
    found = changes("c: {e: [1, 2]}", "c: {f: 1}")
    assert found == {"c.e": ("parameter", ("one of 1, 2", None)), "c.f": ("constant", (None, "1"))}


def test_the_order_of_keys_and_the_spelling_of_a_form_change_nothing():
    old = compiled("a: 0.5\nb: 1\n", "a: {type: tuple, value: [0.1, 1.0]}\nb: [1, 2]\n")
    new = compiled(
        "b: 1\na: 0.5\n", "b: {type: categorical, choices: [1, 2]}\na: {type: float, min: 0.1, max: 1.0}\n"
    )
    assert compare_spaces(outline(old), outline(new)).verdict is Verdict.SAME


def test_the_base_settings_value_of_a_parameter_is_told_and_does_not_matter():
    old, new = (outline(compiled(f"a: {value}\n", "a: [1, 2]\n")) for value in (1, 2))
    difference = compare_spaces(old, new)
    assert difference.verdict is Verdict.GOES_ON
    [change] = difference.changes
    assert change.detail == "the base settings have 2 there, 1 before"


SCALARS = st.sampled_from([0, 1, 1.0, -0.0, 0.0, True, None, "1", "a", float("inf")])
CHOICES = st.lists(st.sampled_from([0, 2, 3.5, "a", "b"]), min_size=1, max_size=3, unique=True)
RANGES = st.builds(
    lambda low, width, step: {"type": "int", "low": low, "high": low + width, "step": step},
    st.integers(0, 2), st.integers(0, 2), st.just(1),
)  # fmt: skip
SPACES = st.dictionaries(st.sampled_from("abc"), st.one_of(SCALARS, CHOICES, RANGES), max_size=3)


@given(SPACES, SPACES, st.sampled_from(["", "d: a\n", "d: b\n", "d: a\nc: b\n"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_verdict_is_that_of_a_run(first, second, dependencies, same_map):
    base = "a: 1\nb: 1\nc: 1\nd: 1\n"
    old = compiled(base, format_flow(first), dependencies)
    new = compiled(base, format_flow(second), dependencies if same_map else "")
    difference = compare_spaces(outline(old), outline(new))
    met = space_changes(canonical_form(old.plan), canonical_form(new.plan))
    verdicts = {change.verdict for change in met}
    assert difference.verdict.goes_on is (verdicts <= {"goes on"})
    if verdicts - {"goes on"}:
        assert str(difference.verdict) == ("refused" if "refused" in verdicts else "fits in part")
    if old.plan.fingerprint == new.plan.fingerprint:
        assert difference.verdict.goes_on


def diff(capsys, *words):
    code = cli.main(["diff", *map(str, words)])
    return code, capsys.readouterr().out


def test_a_study_goes_on_after_what_trials_do_not_see(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path / "old")
    write_project(tmp_path / "new", "n_trials: 50\n", base=BASE.replace("batch_size: 32", "batch_size: 64"))
    code, said = diff(capsys, "old/tuning.yaml", "new/tuning.yaml")
    assert code == 0
    assert said == (
        "base settings\n"
        "  ~ training.batch_size: the base settings have 64 there, 32 before\n"
        "settings\n"
        "  ~ n_trials: 50 now, 20 before\n"
        "goes on: trials stay comparable, and a study begun with old/tuning.yaml goes on with "
        "new/tuning.yaml\n"
    )


def test_a_setting_that_a_file_does_not_have_is_absent_or_its_default(tmp_path, capsys):
    old = write_project(tmp_path / "old", "timeout: null\n")
    new = write_project(tmp_path / "new", "target: 0.5\ntimeout: 60\nn_trials: 50\n")
    said = diff(capsys, old, new)[1]
    assert "  ~ target: 0.5 now, absent before\n" in said
    assert "  ~ timeout: 60.0 now, null before\n" in said
    assert "  ~ n_trials: 50 now, 20 before\n" in said
    assert "  ~ target: absent now, 0.5 before\n" in diff(capsys, new, old)[1]


def test_the_same_project_is_the_same(tmp_path, capsys):
    tuning = write_project(tmp_path)
    assert diff(capsys, tuning, tuning) == (
        0,
        f"the same: a study begun with {tuning} goes on with {tuning}\n",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"space": SPACE.replace("64", "128")},
        {"dependencies": ""},
        {"base": BASE.replace("epochs: 3", "epochs: 4")},
        {"tuning": "direction: maximize\n"},
    ],
    ids=["space", "map", "base", "direction"],
)
def test_diff_refuses_exactly_what_a_run_refuses(change, tmp_path, capsys):
    old = write_project(tmp_path / "old", "n_trials: 1\nstorage: ../study.log\n")
    assert qgtune_here(old, "--quiet").returncode == 0
    settings = "n_trials: 2\nstorage: ../study.log\n" + change.pop("tuning", "")
    new = write_project(tmp_path / "new", settings, **change)
    code, said = diff(capsys, old, new)
    assert code == 1
    assert f"a study begun with {old} is refused with {new}" in said
    assert "choose another study_name or another storage" in said
    refused = qgtune_here(new, "--quiet")
    assert refused.returncode == 1
    assert "QG414" in refused.stderr or "QG421" in refused.stderr


@pytest.mark.parametrize("own", ["study_name: second\n", "storage: second.log\n", "output_dir: second\n"])
def test_a_study_of_its_own_begins_anew_as_its_run_does(own, tmp_path, capsys):
    old = write_project(tmp_path, "n_trials: 1\n")
    assert qgtune_here(old, "--quiet").returncode == 0
    (tmp_path / "wider_space.yaml").write_text(SPACE.replace("64", "128"))
    base = (
        old.read_text().replace("study_name: tiny\n", "") if own.startswith("study_name") else old.read_text()
    )
    new = tmp_path / "second.yaml"
    new.write_text(base.replace("search_space.yaml", "wider_space.yaml") + own)
    code, said = diff(capsys, old, new)
    assert code == 0
    assert said.splitlines()[-1].startswith("begins anew: a study of its own")
    assert "refused" not in said
    code, said = diff(capsys, old, new, "--format", "json")
    found = json.loads(said)
    assert (code, found["verdict"], found["goes_on"]) == (0, "begins anew", False)
    assert qgtune_here(new, "--quiet").returncode == 0


def test_a_study_that_is_named_as_it_was_by_default_is_no_other(tmp_path, capsys):
    old = write_project(tmp_path)
    new = tmp_path / "second.yaml"
    new.write_text(old.read_text() + "storage: runs/tiny/study.log\noutput_dir: runs/tiny\n")
    code, said = diff(capsys, old, new)
    assert code == 0
    assert "of its own" not in said
    assert "a study begun with" in said


def test_two_search_spaces_alone_are_compared(tmp_path, capsys):
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text("training:\n  lr: {type: float, low: 0.1, high: 1.0}\n  steps: [1, 2]\n")
    new.write_text("training:\n  lr: {type: float, low: 0.1, high: 2.0}\n  steps: [1, 2]\n")
    told = "parameters\n  ~ training.lr: range {}: from {} now, from {} before\n{}:"
    code, said = diff(capsys, old, new)
    assert code == 0
    assert said.startswith(told.format("widened", "0.1 to 2.0", "0.1 to 1.0", "goes on"))
    code, said = diff(capsys, new, old)
    assert code == 1
    assert said.startswith(told.format("narrowed", "0.1 to 1.0", "0.1 to 2.0", "fits in part"))


def test_a_difference_as_json_is_an_object_with_a_verdict_and_changes(tmp_path, capsys):
    old = write_project(tmp_path / "old")
    new = write_project(tmp_path / "new", dependencies="")
    code, said = diff(capsys, old, new, "--format", "json")
    assert (code, json.loads(said)) == (
        1,
        {
            "verdict": "refused",
            "goes_on": False,
            "changes": [
                {
                    "kind": "reference",
                    "name": "training.warmup",
                    "before": "training.learning_rate",
                    "after": "0.1",
                    "detail": "0.1 now, follows training.learning_rate before",
                    "matters": True,
                    "fits_in_part": False,
                }
            ],
        },
    )


def test_files_of_two_kinds_are_wrong_usage(tmp_path, capsys):
    tuning = write_project(tmp_path)
    assert cli.main(["diff", str(tuning), str(tmp_path / "search_space.yaml")]) == 2
    assert "is a tuning file, and the other is not" in capsys.readouterr().err


def test_a_file_with_problems_is_told_as_a_check_would(tmp_path, capsys):
    old, new = write_project(tmp_path / "old"), write_project(tmp_path / "new", space="training: [1\n")
    assert cli.main(["diff", str(old), str(new)]) == 1
    assert "error[QG103]" in capsys.readouterr().err
