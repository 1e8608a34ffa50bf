"""Pictures at the end of a run: one that cannot be drawn is said, and the run ends well."""

import pytest
from own_projects import qgtune_here, write_project

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

HUGE = '''\
"""Values whose differences no float holds."""


def score(trial, config):
    """Return one of two."""
    return (-1) ** trial.number * 1.7e308
'''


def test_a_run_whose_pictures_cannot_all_be_drawn_ends_well_and_says_which(tmp_path):
    done = qgtune_here(write_project(tmp_path, "n_trials: 12\nplots: true\n", objective=HUGE))
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "plots/history.png could not be drawn: ValueError: " in told
    assert "fault" not in told
    left = tmp_path / "runs" / "tiny"
    assert (left / "plots" / "timeline.png").is_file()
    assert len((left / "trials.csv").read_text().splitlines()) == 13
    assert "## Importance" in (left / "summary_report.md").read_text()
