"""What is enqueued fits the search space, or is refused at its line; what else there is is not touched."""

import pytest
from own_projects import BASE, SPACE, write_project

from qgtune.compiler.enqueued import enqueued_params
from qgtune.compiler.prepare import prepare
from qgtune.compiler.problems import Problems
from qgtune.core.errors import DiagnosticError

STEPPED = """
model:
  kind: [gat, sage]
  net:
    type: switch
    on: model.kind
    cases:
      gat: {heads: {type: int, low: 1, high: 9, step: 2}, width: [8, 16]}
      sage: {width: [32, 64]}
"""
CASES_BASE = BASE.replace("  dims: [8, 4]", "  kind: gat\n  net: {heads: 1, width: 8}")


def project(folder, entries, extra=""):
    return write_project(folder, f"enqueue: {entries}\n{extra}", space=SPACE + STEPPED, base=CASES_BASE)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            "[{training.batch_sise: 16}]",
            "names parameters of the search space, and training.batch_sise is none",
        ),
        ("[{training.learning_rate: 2.0}]", "training.learning_rate is float from 0.001 to 1.0, log, but"),
        ("[{training.learning_rate: fast}]", "but the value is 'fast'"),
        ("[{training.learning_rate: true}]", "but the value is True"),
        ("[{model.kind: gat, model.net.heads: 4}]", "step 2, but the value is 4"),
        ("[{model.kind: gat, model.net.heads: 3.0}]", "but the value is 3.0"),
        ("[{training.batch_size: 48}]", "training.batch_size is one of 16, 32, 64, but the value is 48"),
        ("[{model.kind: gcn}]", "model.kind is one of gat, sage, but the value is 'gcn'"),
        (
            "[{model.kind: sage, model.net.heads: 3}]",
            "model.net.heads is in no config that has the other values",
        ),
        ("[{model.kind: sage, model.net.width: 8}]", "8"),
        ("others.yaml", "what is enqueued is a list of mappings"),
        ("lost.yaml", "lost.yaml"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, entries, said):
    (tmp_path / "others.yaml").write_text("- 3\n")
    with pytest.raises(DiagnosticError) as caught:
        prepare(project(tmp_path, entries))
    [diagnostic] = caught.value.diagnostics
    assert said in str(diagnostic)
    assert diagnostic.code == ("QG101" if entries == "lost.yaml" else "QG420")


@pytest.mark.parametrize(
    ("entries", "params"),
    [
        ("[{model.kind: sage, model.net.width: 64}]", {"sage": 64}),
        ("[{model.net.heads: 9}]", {"heads": 9}),
        ("[{training.batch_size: 16}]", {"batch_size": 16}),
        ("[{}]", {}),
    ],
)
def test_what_fits_is_tried_and_what_it_does_not_name_is_left_to_the_sampler(tmp_path, entries, params):
    prepared = prepare(project(tmp_path, entries, "enqueue_base: false\n"))
    [given] = enqueued_params(prepared.tuning, prepared.compilation, Problems())
    assert set(params.values()) <= set(given.values())


def test_a_file_that_is_no_list_of_configs_is_refused_at_its_own_line(tmp_path):
    (tmp_path / "good.yaml").write_text("training.batch_size: 16\n")
    with pytest.raises(DiagnosticError, match=r"good\.yaml:1:1: error\[QG420\]"):
        prepare(project(tmp_path, "good.yaml"))
