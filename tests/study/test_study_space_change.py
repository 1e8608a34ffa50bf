"""Laws of a study whose search space changes while a run may be killed at any moment."""

import json

import pytest

from qgtune.study import FINGERPRINT, SPACE, create_study
from qgtune.study.space_change import check_space


class KilledError(Exception):
    """The process ends here."""


def form(high):
    """Return the canonical form of a space with one range of numbers."""
    x = {"kind": "Float", "low": 0.0, "high": high, "step": None, "log": False, "path": "x"}
    return json.dumps(
        {
            "parameters": {"x": {**x, "text": f"a float from 0 to {high}", "exact": f"0..{high}"}},
            "constants": {},
            "follows": [],
            "constraints": [],
            "measured": {},
        }
    )


@pytest.mark.parametrize("writes", [0, 1, 2])
@pytest.mark.parametrize("begun", [False, True])
def test_a_study_goes_on_with_a_wider_space_wherever_a_run_was_killed(tmp_path, monkeypatch, begun, writes):
    study = create_study("study", tmp_path / "study.log")
    if begun:
        check_space(study, "narrow", form(1.0))
    left, write = [None] * writes, study.set_user_attr

    def write_or_die(name, value):
        if not left:
            raise KilledError
        left.pop()
        write(name, value)

    monkeypatch.setattr(study, "set_user_attr", write_or_die)
    if writes == 2:
        check_space(study, "wide", form(2.0))
    else:
        with pytest.raises(KilledError):
            check_space(study, "wide", form(2.0))
    again = create_study("study", tmp_path / "study.log")
    check_space(again, "wide", form(2.0))
    assert (again.user_attrs[FINGERPRINT], again.user_attrs[SPACE]) == ("wide", form(2.0))
    assert check_space(again, "wide", form(2.0)) == ""
