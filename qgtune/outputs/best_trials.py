"""The best trial of a study, read from whatever keeps it: a folder, a storage, a config, a tuning file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from qgtune.compiler.emit import annotations
from qgtune.compiler.files import shown_path
from qgtune.compiler.load import read_data_file
from qgtune.compiler.prepare import Prepared
from qgtune.core.errors import QgtuneError, UsageError
from qgtune.core.paths import Path, PathSyntaxError, parse_path
from qgtune.core.trials import TrialRecord
from qgtune.core.wording import count
from qgtune.document import Document
from qgtune.insight.config_difference import ValueChange, compare_configs, compare_values
from qgtune.outputs.report import config_reader
from qgtune.outputs.studies import load_study
from qgtune.outputs.study_results import has_changed, open_tuned_study
from qgtune.reports.results import Results
from qgtune.schema.outputs import BestParams, json_number

if TYPE_CHECKING:
    from qgtune.study import Study

_HEADER = re.compile(r"# Study (?P<study>.*): trial (?P<number>\d+) is (?P<rank>.*?), (?P<worth>.* \(.*\))\.")
_VALUE = re.compile(r" (-?(?:\d[\d.e+-]*|inf))(?=,| \()")


@dataclass(frozen=True, slots=True)
class BestOfStudy:
    """The best trial of a study.

    Args:
        summary: which trial of which study it is, and what it is worth; or what file it was read from.
        params: its parameters by path.
        config: its whole config; None where only its parameters are known.
        domains: what each value was chosen from or what it follows, in words, by path; as far as known.
        study: the name of the study; None where that is not known.
        number: its number in the study; None where that is not known.
        values: what it returned.
    """

    summary: str
    params: Mapping[Path, Any]
    config: Any = None
    domains: Mapping[Path, str] = field(default_factory=dict)
    study: str | None = None
    number: int | None = None
    values: tuple[float, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return which trial it is, as JSON has it."""
        values = list(map(json_number, self.values))
        return {"summary": self.summary, "study": self.study, "number": self.number, "values": values}


def compare_best(old: BestOfStudy, new: BestOfStudy) -> tuple[ValueChange, ...]:
    """Return the values that differ between two best trials; of parameters alone, if no more is known."""
    domains = (old.domains, new.domains)
    if old.config is not None and new.config is not None:
        return compare_configs(old.config, new.config, domains)
    return compare_values(old.params, new.params, domains)


def best_of_config(document: Document, file: FilePath) -> BestOfStudy:
    """Return what a config says of the trial whose config it is; of any other config, its data alone.

    The domains are those of the study beside it, if that is the one that the config names.
    """
    head = header_of(document)
    if head is None:
        return BestOfStudy(shown_path(file), {}, document.data)
    study = _study_in(file.parent)
    domains = _domains(_space(study)) if study is not None and study.study_name == head["study"] else {}
    values = tuple(map(float, _VALUE.findall(head["worth"])))
    summary = head.group().removeprefix("# ").removesuffix(".")
    return BestOfStudy(summary, {}, document.data, domains, head["study"], int(head["number"]), values)


def header_of(document: Document) -> re.Match[str] | None:
    """Return what the comments on top of a config say of its trial, or None for any other file."""
    for line in document.source.lines:
        if not line.startswith("#"):
            return None
        if found := _HEADER.fullmatch(line.rstrip()):
            return found
    return None


def best_of_folder(folder: FilePath) -> BestOfStudy:
    """Return the best trial of the run that left its files in a folder.

    Raises:
        QgtuneError: if no run did, or none of its trials is complete.
    """
    study = _study_in(folder)
    found = _best_of_params(folder) if study is None else best_of_study(study)
    file = folder / "best_config.yaml"
    if file.is_file():
        document = read_data_file(file)
        head = header_of(document)
        if head is not None and (head["study"], int(head["number"])) == (found.study, found.number):
            return replace(found, config=document.data)
    return found


def _study_in(folder: FilePath) -> "Study | None":
    journal = folder / "study.log"
    return load_study(journal) if journal.is_file() else None


def _best_of_params(folder: FilePath) -> BestOfStudy:
    """Return the best trial as best_params.json has it: the study itself is kept elsewhere."""
    file = folder / "best_params.json"
    if not file.is_file():
        message = (
            f"{shown_path(folder)} holds neither study.log nor best_params.json: no run left its files there"
        )
        raise UsageError(message)
    try:
        read = BestParams.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise QgtuneError(f"{shown_path(file)} is not what a run writes: {error}") from error
    records = tuple(
        TrialRecord(trial.number, "complete", tuple(map(float, trial.values)), trial.params)
        for trial in read.trials
    )
    return _best_of(Results(read.study, tuple(read.metrics), tuple(read.directions), records), {})


def best_of_study(study: "Study") -> BestOfStudy:
    """Return the best trial of a study, with the domains of the space that it was begun with.

    Raises:
        UsageError: if it has several objectives.
        QgtuneError: if none of its trials is complete.
    """
    from qgtune.study import trial_records

    space = _space(study)
    metric = (space.get("measured") or {}).get("metric") or "value"
    directions = tuple(direction.name.lower() for direction in study.directions)
    metrics = (str(metric),) if len(directions) == 1 else ("",) * len(directions)
    records = tuple(trial_records(study))
    results = Results(study.study_name, metrics, directions, records)
    return _best_of(results, space, results.finished)


def _best_of(results: Results, space: Mapping[str, Any], finished: int | None = None) -> BestOfStudy:
    """Return the best trial of a study, told as the head of a best config tells it."""
    if not results.is_single:
        message = f"study {results.study} has several objectives and thus no single best trial"
        raise UsageError(f"{message}: name two of the configs in its folder best_configs")
    if not results.best:
        raise QgtuneError(f"study {results.study} has no complete trial")
    [best] = results.best
    among = "" if finished is None else f" of {count(finished, 'trial')}"
    worth = f"{results.metrics[0]} {best.values[0]!r} ({results.directions[0]})"
    return BestOfStudy(
        f"Study {results.study}: trial {best.number} is the best{among}, {worth}",
        {_path_of(name, space.get("parameters", {})): value for name, value in best.params.items()},
        None,
        _domains(space),
        results.study,
        best.number,
        best.values,
    )


def best_of_tuning(prepared: Prepared) -> BestOfStudy:
    """Return the best trial of a tuning file's study, with its whole config where the files still give it.

    Raises:
        DiagnosticError: if there is no study.
        UsageError: if it has several objectives.
        QgtuneError: if none of its trials is complete.
    """
    from qgtune.study import trial_records

    study = open_tuned_study(prepared.tuning)
    found = best_of_study(study)
    if has_changed(study, prepared):
        return found
    [record] = [record for record in trial_records(study) if record.number == found.number]
    config = config_reader(prepared.compilation)(record)
    if config is None:
        return found
    told = annotations(prepared.compilation, config)
    return replace(found, config=config, domains=told)


def _space(study: "Study") -> dict[str, Any]:
    """Return the search space that a study was begun with in canonical form; nothing if it kept none."""
    from qgtune.study import SPACE

    kept = study.user_attrs.get(SPACE)
    return dict(json.loads(kept)) if kept else {}


def _domains(space: Mapping[str, Any]) -> dict[Path, str]:
    return {parse_path(form["path"]): form["text"] for form in space.get("parameters", {}).values()}


def _path_of(name: str, forms: Mapping[str, Any]) -> Path:
    """Return the path of a parameter; of one that no space tells of, the one that its name is written as."""
    try:
        return parse_path(forms[name]["path"] if name in forms else name)
    except PathSyntaxError:
        return (name,)
