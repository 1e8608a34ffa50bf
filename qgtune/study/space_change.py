"""A study whose search space has changed since it began: what changed, and whether its trials still count."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import optuna

from qgtune.core.errors import ConfigValueError
from qgtune.space.domains import Float, Integer, widens
from qgtune.study.attributes import FINGERPRINT, SPACE
from qgtune.study.create import check_fingerprint

_LONGEST = 12
_WHERE_ABSENT = {"repeats": 1}
"""Settings of what is measured that a study keeps only if they differ from this."""

_WAYS_OUT = "choose another study_name, or undo the change"
_WAYS_OUT_WITH_MIGRATE = (
    "choose another study_name, undo the change, or run with --migrate, which begins the study anew "
    "with those trials that fit"
)
_IN_YAML = {"None": "null", "True": "true", "False": "false"}


class SpaceChangedError(ConfigValueError):
    """The search space is not the one of the study; its trials cannot stand beside new ones."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, in words; ``verdict`` is ``goes on``, ``fits in part`` or ``refused``."""

    words: str
    verdict: str

    def __str__(self) -> str:
        return f"{self.words} ({self.verdict})"


def check_space(study: optuna.Study, fingerprint: str, form: str) -> str:
    """Return a note on a space that got wider, after checking that the study can go on with it.

    The first call on a study keeps both texts with it; a wider space replaces them.

    Args:
        study: a study made by ``create_study``.
        fingerprint: a text that is equal for equal runs only.
        form: the space and what is measured in canonical form, as JSON; empty to compare fingerprints only.

    Raises:
        SpaceChangedError: if the space has changed in another way than to wider ranges of numbers.
        ConfigValueError: at ``study_name``, if what is measured has changed.
    """
    begun_with = study.user_attrs.get(FINGERPRINT)
    kept = study.user_attrs.get(SPACE)
    if not form or begun_with in (None, fingerprint) or not kept:
        check_fingerprint(study, fingerprint)
        if form and kept != form:  # a run that was killed between the two lines below leaves the old one
            study.set_user_attr(SPACE, form)
        return ""
    old, new = json.loads(kept), json.loads(form)
    changes = space_changes(old, new)
    measured = measured_changes(old, new)
    if measured:
        raise ConfigValueError(
            ("study_name",),
            "the trials of a study can be compared only if they measure the same, but since the study "
            f"{study.study_name!r} began {'; '.join(measured)}",
            "choose another study_name or another storage, or undo the change",
        )
    if not changes:
        check_fingerprint(study, fingerprint)
    listed = _listed(changes)
    verdicts = {change.verdict for change in changes}
    if verdicts - {"goes on"}:
        raise SpaceChangedError(
            ("study_name",),
            "the trials of a study can be compared only if they come from one search space, but it has "
            f"changed since the study {study.study_name!r} began: {listed}",
            _WAYS_OUT_WITH_MIGRATE if "refused" not in verdicts else _WAYS_OUT,
        )
    study.set_user_attr(FINGERPRINT, fingerprint)
    study.set_user_attr(SPACE, form)
    return f"the search space is wider than before, and the study goes on: {listed}"


def space_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return what changed between two canonical forms, parameter by parameter, then all else."""
    changes: list[Change] = []
    before, after = old["parameters"], new["parameters"]
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            changes.append(Change(f"{name} is no parameter any more", "refused"))
        elif name not in before:
            changes.append(Change(f"{name} is a new parameter, {after[name]['text']}", "refused"))
        elif before[name]["exact"] != after[name]["exact"] or before[name]["path"] != after[name]["path"]:
            changes.append(_domain_change(name, before[name], after[name]))
    was, now = old["constants"], new["constants"]
    for path in dict.fromkeys([*was, *now]):
        if was.get(path) != now.get(path):
            words = f"{path} is {_standing_at(path, new)} now, {_standing_at(path, old)} before"
            changes.append(Change(words, "refused"))
    for what in ("follows", "constraints"):
        changes += _text_changes(old[what], new[what])
    return changes


def _standing_at(path: str, form: Mapping[str, Any]) -> str:
    """Return in words what a canonical form has at a path; where a trial writes, its constant is None."""
    if any(parameter["path"] == path for parameter in form["parameters"].values()):
        return "a parameter"
    text: str = form["constants"].get(path, "absent")
    if text == "None" and any(step.startswith(f"{path} follows ") for step in form["follows"]):
        return "a reference"
    return _IN_YAML.get(text, text)


def measured_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what changed, between two canonical forms, of what a trial's value is."""
    was, now = old.get("measured") or {}, new.get("measured") or {}
    changed = [key for key in dict.fromkeys([*was, *now]) if was.get(key) != now.get(key)]
    return [_changed_setting(key, was.get(key), now.get(key)) for key in changed]


def _changed_setting(key: str, was: Any, now: Any) -> str:
    if isinstance(was, dict | list) or isinstance(now, dict | list):
        return f"{key} has changed"
    before, after = (_WHERE_ABSENT.get(key) if value is None else value for value in (was, now))
    return f"{key} has become {after}, and was {before}"


def _domain_change(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    words = f"{name} is {after['text']} now, {before['text']} before"
    if relabelled := _relabelled(before, after):
        return Change(f"{name}: {relabelled}", "refused")
    old, new = _range_of(before), _range_of(after)
    goes_on = old is not None and new is not None and before["path"] == after["path"] and widens(new, old)
    return Change(words, "goes on" if goes_on else "fits in part")


def _relabelled(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return which labels of choices stand for other values than before, in words; empty if none does."""
    now: Mapping[str, str] = after.get("values", {})
    if "values" not in before:
        labels = [label for label, value in now.items() if value not in (label, repr(label))]
        known = "kind" in before or not labels
        return "" if known else "what its labels stood for is not known"
    was: Mapping[str, str] = before["values"]
    changed = [label for label in was if label in now and was[label] != now[label]]
    return ", ".join(f"{label} stands for {now[label]} now, {was[label]} before" for label in changed)


def _range_of(form: Mapping[str, Any]) -> Float | Integer | None:
    """Return the range of numbers that a parameter's canonical form tells; None for anything else."""
    kinds: dict[str, type[Float | Integer]] = {"Float": Float, "Integer": Integer}
    kind = kinds.get(form.get("kind", ""))
    return None if kind is None else kind(form["low"], form["high"], form["step"], form["log"])


def _text_changes(old: list[str], new: list[str]) -> Iterator[Change]:
    for text in old:
        if text not in new:
            yield Change(f"gone: {text}", "refused")
    for text in new:
        if text not in old:
            yield Change(f"added: {text}", "refused")


def _listed(changes: list[Change]) -> str:
    shown = "; ".join(map(str, changes[:_LONGEST]))
    more = len(changes) - _LONGEST
    return f"{shown}; and {more} more" if more > 0 else shown
