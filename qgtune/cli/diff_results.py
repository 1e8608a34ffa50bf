"""What ``qgtune diff`` says of results: the best trials of two studies, or two best configs."""

import pathlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qgtune.cli.projects import prepare_file, read_file
from qgtune.core.errors import QgtuneError

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared
    from qgtune.insight.config_difference import ValueChange
    from qgtune.outputs.best_trials import BestOfStudy

_YAML = (".yaml", ".yml")


def names_result(source: str) -> bool:
    """Tell whether this is the folder of a run, what keeps a study, or the config of a trial."""
    if "://" in source or pathlib.Path(source).is_dir():
        return True
    file = pathlib.Path(source)
    if file.suffix not in _YAML:
        return file.is_file()
    from qgtune.outputs.best_trials import header_of

    return header_of(read_file(file)) is not None


def best_trial(source: str) -> "BestOfStudy":
    """Return the best trial of whatever a word of the command line names.

    Raises:
        QgtuneError: if there is none.
    """
    from qgtune.compiler.tuning import FILE_KEYS
    from qgtune.outputs import best_trials
    from qgtune.outputs.studies import load_study
    from qgtune.schema.tuning import key_spellings

    path = pathlib.Path(source)
    if "://" not in source and path.is_dir():
        return best_trials.best_of_folder(path)
    if "://" in source or path.suffix not in _YAML:
        return best_trials.best_of_study(load_study(source))
    document = read_file(path)
    names_files = {key for field in FILE_KEYS.values() for key in key_spellings(field)}
    if isinstance(document.data, dict) and names_files & set(document.data):
        return best_trials.best_of_tuning(prepare_file(path))
    return best_trials.best_of_config(document, path)


def best_of_both(old: "Prepared", new: "Prepared") -> "tuple[BestOfStudy, BestOfStudy] | None":
    """Return the best trials of two tuning files; None unless each has one, in a file of its own."""
    files = [prepared.tuning.settings.study_file(prepared.tuning.folder) for prepared in (old, new)]
    if not all(file is not None and file.is_file() for file in files):
        return None
    from qgtune.outputs.best_trials import best_of_tuning

    try:
        was, now = best_of_tuning(old), best_of_tuning(new)
    except QgtuneError:  # no trial is complete yet, or none is the best: the files are compared all the same
        return None
    is_same = files[0].samefile(files[1]) and was.study == now.study  # type: ignore[union-attr,arg-type]  # both are files
    return None if is_same else (was, now)


def result_as_data(old: "BestOfStudy", new: "BestOfStudy") -> dict[str, Any]:
    """Return two best trials and what differs between them, as JSON has it."""
    from qgtune.outputs.best_trials import compare_best

    changes = [asdict(change) for change in compare_best(old, new)]
    return {"best_trials": [old.as_data(), new.as_data()], "values": changes}


def print_result(old: "BestOfStudy", new: "BestOfStudy") -> None:
    """Print two best trials and the values that differ; of two that are told alike, only the values."""
    from qgtune.outputs.best_trials import compare_best

    changes = compare_best(old, new)
    if changes or old.summary != new.summary:
        print(f"best trials\n  - {old.summary}\n  + {new.summary}")
    print("values" if changes else "the values are the same")
    for change in changes:
        print(f"  {_line(change)}")


def _line(change: "ValueChange") -> str:
    domain = f"; {change.domain}" if change.domain else ""
    if change.before is not None and change.after is not None:
        return f"~ {change.name}: {change.after} now, {change.before} before{domain}"
    sign, text = ("+", change.after) if change.before is None else ("-", change.before)
    return f"{sign} {change.name}: {text}{domain}"
