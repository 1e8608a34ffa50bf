"""Which folders of checkpoints a run removes: of finished trials, and only what the trainer has written."""

import pytest

from qgtune.core.trials import TrialRecord
from qgtune.outputs.kept_checkpoints import KeptCheckpoints
from qgtune.reports.results import Results

UNFINISHED = f".qgtune-{'0' * 32}.tmp"


def results(state):
    return Results("tiny", ("loss",), ("minimize",), (TrialRecord(0, state, (), {}, lost=True),))


@pytest.mark.parametrize(
    ("files", "state", "is_removed"),
    [
        ((), "failed", True),
        ((UNFINISHED,), "failed", True),
        ((), "running", False),
        (("notes.txt",), "failed", False),
        ((UNFINISHED, "best_model.pt"), "failed", False),
    ],
)
def test_what_a_worker_leaves_that_was_killed_before_it_wrote_whose_it_is_goes(
    tmp_path, files, state, is_removed
):
    folder = tmp_path / "checkpoints/00000"
    folder.mkdir(parents=True)
    for name in files:
        (folder / name).touch()
    KeptCheckpoints(lambda _record: {}, tmp_path, 1).prune(results(state))
    assert folder.exists() is not is_removed
