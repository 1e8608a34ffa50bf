"""Where the things of a tuning file lie: the files for results, and the file that keeps the study."""

from collections.abc import Mapping
from pathlib import Path

RESULT_FILES = {
    "built_search_space_path": "built_search_space.yaml",
    "best_trial_path": "best_trial.yaml",
    "best_config_path": "best_config.yaml",
}
"""Setting that names a file for results -> the file's name in the output folder where it names none."""

_SQLITE = "sqlite:///"


def result_files(named: Mapping[str, str | None], folder: Path, output: Path) -> dict[str, Path]:
    """Return the files for results by the settings that name them.

    Args:
        named: what each setting says, None where it says nothing.
        folder: the folder of the tuning file, to which what they say is relative.
        output: the folder for results.

    Example:
        >>> files = result_files({"best_trial_path": "best.yaml"}, Path("study"), Path("study/runs/digits"))
        >>> files["best_trial_path"].as_posix(), files["best_config_path"].as_posix()
        ('study/best.yaml', 'study/runs/digits/best_config.yaml')
    """
    return {
        setting: output / usual if named.get(setting) is None else folder / str(named[setting])
        for setting, usual in RESULT_FILES.items()
    }


def sqlite_file(storage: str | None, folder: Path) -> Path | None:
    """Return the absolute file that the URL of an SQLite database names; None for any other storage.

    Args:
        storage: a storage as a tuning file writes it.
        folder: the folder of the tuning file.
    """
    name = _sqlite_name(storage)
    return folder.absolute() / Path(name).expanduser() if name not in {"", ":memory:"} else None


def absolute_storage(storage: str | None, folder: Path) -> str | None:
    """Return the storage with the absolute file in place of the one that the URL of an SQLite database names.

    Example:
        >>> absolute_storage("sqlite:///study.db?timeout=9", Path("/data"))
        'sqlite:////data/study.db?timeout=9'
    """
    database = sqlite_file(storage, folder)
    if database is None or storage is None:
        return storage
    return f"{_SQLITE}{database}{storage[len(_SQLITE) + len(_sqlite_name(storage)) :]}"


def _sqlite_name(storage: str | None) -> str:
    """Return the name of the SQLite file as it is written; nothing if the storage is something else."""
    url = storage or ""
    return url[len(_SQLITE) :].partition("?")[0] if url.startswith(_SQLITE) else ""
