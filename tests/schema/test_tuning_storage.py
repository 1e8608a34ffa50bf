"""Laws of the setting ``storage``: files are relative to the tuning file, servers are what they are."""

from pathlib import Path

import pytest

from qgtune.schema.tuning import TuningSettings

FOLDER = Path("/projects/one")


def settings(**fields):
    return TuningSettings.model_validate({"study_name": "study", **fields})


@pytest.mark.parametrize(
    ("storage", "at", "file"),
    [
        ("study.log", "/projects/one/study.log", "/projects/one/study.log"),
        ("sqlite:///study.db", "sqlite:////projects/one/study.db", "/projects/one/study.db"),
        ("sqlite:///a/b.db?timeout=5", "sqlite:////projects/one/a/b.db?timeout=5", "/projects/one/a/b.db"),
        ("sqlite:////data/study.db", "sqlite:////data/study.db", "/data/study.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:", None),
        ("postgresql://me@host/x", "postgresql://me@host/x", None),
        ("redis://host:6379/0", "redis://host:6379/0", None),
        (None, None, None),
    ],
)
def test_a_file_is_relative_to_the_tuning_file_and_a_server_is_not(storage, at, file):
    given = settings(storage=storage)
    assert given.storage_at(FOLDER) == at
    assert given.study_file(FOLDER) == (None if file is None else Path(file))


def test_without_a_storage_the_study_is_a_journal_in_the_output_folder():
    assert settings().storage_at(FOLDER) == "/projects/one/runs/study/study.log"
