"""The task of docs/training.md, as it stands there."""

import math
import pathlib
import re

from task_cases import OWN_CONFIG, classes

from qgtune.training import TASKS, SupervisedTask

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "training.md"


def test_the_task_of_the_page_trains_under_its_name(monkeypatch):
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    exec(compile(code, PAGE.name, "exec"), {"__name__": "separation"})  # noqa: S102 - our own page
    result = TASKS["separation"].train(OWN_CONFIG, classes(), metric="bias")
    assert math.isfinite(result.value)


def test_the_page_names_every_member_that_a_task_may_define():
    page = PAGE.read_text(encoding="utf-8")
    members = [name for name in vars(SupervisedTask.__mro__[1]) if not name.startswith("_")]
    assert [name for name in members if f"`{name}" not in page] == []
