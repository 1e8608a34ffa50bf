"""What changed between two tuning files, besides the search space and the names of files."""

import pathlib
from typing import Any

from qgtune.compiler.tuning import Tuning
from qgtune.document import format_flow
from qgtune.insight.difference import Change, Difference
from qgtune.insight.outline import Kind
from qgtune.schema.tuning import TuningSettings

_MEASURED = ("objective", "task", "data", "metric_name", "direction")
"""Settings that say what a trial's value is."""

_WHICH_STUDY = ("study_name", "storage")
"""Settings that say where the trials are kept."""

_ELSEWHERE = ("tune_model", "tune_training", "metric")
"""Settings whose effect shows elsewhere."""


def compare_settings(old_file: Tuning, new_file: Tuning) -> Difference:
    """Return what changed between two tuning files, besides the names of files and the search space."""
    old, new = old_file.settings, new_file.settings
    is_own = _is_another_study(old_file, new_file)
    others = [name for name in TuningSettings.model_fields if name not in (*_MEASURED, *_ELSEWHERE)]
    changes = []
    for name in (*_MEASURED, *(name for name in others if not name.endswith(("_path", "_dir")))):
        was, now = _setting(old, name), _setting(new, name)
        if was != now:
            key, matters = name.removesuffix("_name") if name in _MEASURED else name, name in _MEASURED
            before, after = _said(old, name, was), _said(new, name, now)
            detail = f"{after} now, {before} before"
            if is_own and name in _WHICH_STUDY:
                detail += "; a study of its own, which begins anew"
            changes.append(Change(Kind.SETTING, key, before, after, detail, matters=matters))
    return Difference(tuple(changes), is_own)


def _is_another_study(old: Tuning, new: Tuning) -> bool:
    """Tell whether two tuning files name two studies, wherever their files stand.

    Two versions of a project in two folders name one study, if they would in one folder: the question is what
    becomes of it with the files as they are now.
    """
    began = _study(old.settings, old.folder)
    return began not in (_study(new.settings, old.folder), _study(new.settings, new.folder))


def _study(settings: TuningSettings, folder: pathlib.Path) -> tuple[str, str | None]:
    """Return the name of a study and what keeps it, for a tuning file in this folder."""
    return settings.name(folder), settings.storage_at(folder)


def _said(settings: TuningSettings, name: str, value: Any) -> str:
    """Return a setting as the file says it; its default where the file does not, and there is one."""
    is_absent = value is None and name not in settings.model_fields_set
    return "absent" if is_absent else format_flow(value)


def _setting(settings: TuningSettings, name: str) -> Any:
    if name == "metric_name" and settings.task is None:
        return None
    return getattr(settings, name)
