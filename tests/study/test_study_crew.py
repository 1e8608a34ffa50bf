"""The end of a run's workers, as the crew brings it about."""

import pytest

from qgtune.study.running.crew import Crew


class Worker:
    """What a crew starts; it notes what it is told."""

    def __init__(self, index, told):
        self.index = index
        self.told = told
        self.running = ()
        self.pid = -1
        self.stopped = False

    def terminate(self):
        self.told.append(("terminate", self.index))

    def kill_after(self, deadline):
        self.told.append(("kill after", deadline))

    def close(self, _memory):
        return None


@pytest.mark.parametrize("end", [Crew.stop_now, Crew.disband])
def test_workers_are_all_told_to_end_before_any_is_waited_for_and_share_one_deadline(end):
    told = []
    crew = Crew(lambda index, _count: Worker(index, told), None, None, retry=True)
    crew.hire(3)
    end(crew)
    assert told[:3] == [("terminate", 0), ("terminate", 1), ("terminate", 2)]
    assert len(told) == 6
    assert len(set(told[3:])) == 1
