"""Laws of the files that a run writes over: only those that it wrote itself."""

import json
import multiprocessing
import pathlib
import sys

import jsonschema
import pytest

from qgtune.outputs.folder_lock import alone_in
from qgtune.outputs.own_files import OwnFiles
from qgtune.schema.export import schemas


@pytest.fixture
def said():
    return []


@pytest.fixture
def own(tmp_path, said):
    return OwnFiles(tmp_path, said.append)


def test_a_file_that_we_never_wrote_is_kept_beside_and_told_as_such(own, tmp_path, said):
    (tmp_path / "best.yaml").write_text("theirs")
    own.write(tmp_path / "best.yaml", "ours")
    assert (tmp_path / "best.edited.yaml").read_text() == "theirs"
    assert "not of qgtune's making" in said[0]


def test_a_file_that_somebody_wrote_as_we_would_have_stays_theirs(own, tmp_path):
    (tmp_path / "config.yaml").write_text("same")
    own.write(tmp_path / "config.yaml", "same")
    own.write(tmp_path / "config.yaml", "another")
    assert (tmp_path / "config.edited.yaml").read_text() == "same"


def test_only_a_file_that_is_as_we_wrote_it_is_removed(own, tmp_path, said):
    ours, edited, theirs = (tmp_path / name for name in ("ours.png", "edited.png", "theirs.png"))
    own.write(ours, b"1")
    own.write(edited, b"2")
    edited.write_bytes(b"mine")
    theirs.write_bytes(b"3")
    removed = [own.remove(file) for file in (ours, edited, theirs, tmp_path / "none.png")]
    assert removed == [True, False, False, False]
    assert [file.exists() for file in (ours, edited, theirs)] == [False, True, True]
    assert said == []


def test_a_name_that_is_cleared_is_free_and_what_was_edited_there_is_kept(own, tmp_path, said):
    ours, edited = tmp_path / "trial_1.yaml", tmp_path / "trial_2.yaml"
    own.write(ours, "1")
    own.write(edited, "2")
    edited.write_text("mine")
    for file in (ours, edited, tmp_path / "trial_3.yaml"):
        own.clear(file)
    assert {path.name for path in tmp_path.glob("trial_*")} == {"trial_2.edited.yaml"}
    assert len(said) == 1


def test_what_is_remembered_is_legal_in_its_schema(own, tmp_path):
    own.write(tmp_path / "best.yaml", "a")
    own.write(tmp_path / "plots.png", b"b")
    found = json.loads((tmp_path / ".qgtune-outputs.json").read_text())
    jsonschema.validate(found, schemas()["written_files.schema.json"])
    assert list(found["files"]) == ["best.yaml", "plots.png"]


def test_what_was_remembered_before_the_file_had_a_version_is_still_known(own, tmp_path, said):
    own.write(tmp_path / "best.yaml", "a")
    memory = tmp_path / ".qgtune-outputs.json"
    memory.write_text(json.dumps(json.loads(memory.read_text())["files"]))
    own.write(tmp_path / "best.yaml", "b")
    assert ((tmp_path / "best.yaml").read_text(), said) == ("b", [])
    assert json.loads(memory.read_text())["version"] == 1


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"best.yaml": 1}', '{"version": 1, "files": {"best.yaml": "x"}}', '{"version": 9}'],
)
def test_a_memory_that_cannot_be_read_costs_nothing_but_a_file_beside(own, tmp_path, content):
    (tmp_path / ".qgtune-outputs.json").write_text(content)
    (tmp_path / "best.yaml").write_text("theirs")
    own.write(tmp_path / "best.yaml", "ours")
    assert (tmp_path / "best.edited.yaml").read_text() == "theirs"
    assert own.is_ours(tmp_path / "best.yaml")


def _write_many(folder, name):
    own = OwnFiles(folder, print)
    for number in range(30):
        own.write(folder / f"{name}_{number}.yaml", name)


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks there")
def test_processes_that_write_at_once_forget_no_file_of_each_other_and_leave_no_lock(tmp_path):
    spawning = multiprocessing.get_context("spawn")
    writers = [spawning.Process(target=_write_many, args=(tmp_path, name)) for name in ("a", "b", "c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    known = json.loads((tmp_path / ".qgtune-outputs.json").read_text())["files"]
    written = {path.name for path in tmp_path.glob("*.yaml")}
    assert set(known) == written
    assert len(written) == 90
    assert {path.name for path in tmp_path.iterdir()} == {*written, ".qgtune-outputs.json"}


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks there")
def test_a_lock_on_a_folder_that_is_not_there_or_has_none_keeps_nobody_waiting(tmp_path):
    before = set(pathlib.Path("/proc/self/fd").iterdir()) if sys.platform == "linux" else None
    with alone_in(tmp_path / "nothing"), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        assert list(tmp_path.iterdir()) == []
    assert before is None or set(pathlib.Path("/proc/self/fd").iterdir()) == before
