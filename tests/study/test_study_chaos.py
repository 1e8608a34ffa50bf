"""The short chaos test; ``make chaos`` runs the long one."""

import sys

import pytest
from study_chaos import VICTIMS, chaos


@pytest.mark.skipif(sys.platform != "linux", reason="it finds a run's processes in /proc")
def test_whatever_is_killed_nothing_finished_is_lost_and_the_total_is_met_exactly(tmp_path):
    struck = chaos(tmp_path / "project", total=16, kills=4, seed=3, seconds=0.1, longest_wait=1.0)
    assert struck == dict.fromkeys(VICTIMS, 1)
