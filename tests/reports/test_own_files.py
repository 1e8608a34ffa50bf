"""Laws of what is written over: our own files, and nothing that a user wrote."""

import pytest

from qgtune.core import files
from qgtune.outputs.own_files import OwnFiles
from qgtune.outputs.pacing import Paced


@pytest.fixture
def said():
    return []


@pytest.fixture
def own(tmp_path, said):
    return OwnFiles(tmp_path, said.append)


def test_our_own_file_is_written_over_without_a_word(own, said, tmp_path):
    for text in ("a", "b", "a"):
        own.write(tmp_path / "best.yaml", text)
    assert (tmp_path / "best.yaml").read_text() == "a"
    assert said == []


def test_another_process_knows_our_files_too(own, said, tmp_path):
    own.write(tmp_path / "best.yaml", "a")
    OwnFiles(tmp_path, said.append).write(tmp_path / "best.yaml", "b")
    assert said == []


def test_an_edited_file_is_kept_beside_and_said_each_time_under_a_name_of_its_own(own, said, tmp_path):
    path = tmp_path / "best.yaml"
    own.write(path, "ours")
    for edited, kept in (("mine", "best.edited.yaml"), ("mine again", "best.edited-2.yaml")):
        path.write_text(edited)
        own.write(path, "newer")
        assert (tmp_path / kept).read_text() == edited
        assert path.read_text() == "newer"
    assert len(said) == 2
    assert said[0].endswith("best.yaml was edited by hand: it is kept as best.edited.yaml")


def test_a_file_that_was_there_before_us_is_kept_beside(own, said, tmp_path):
    (tmp_path / "report.html").write_text("somebody's")
    own.write(tmp_path / "report.html", "ours")
    assert (tmp_path / "report.edited.html").read_text() == "somebody's"


def test_an_edited_file_that_says_the_same_as_we_would_is_left_alone(own, said, tmp_path):
    (tmp_path / "best.yaml").write_text("same")
    own.write(tmp_path / "best.yaml", "same")
    assert said == []


def test_a_run_killed_between_noting_and_writing_still_knows_its_file(own, said, tmp_path, monkeypatch):
    path = tmp_path / "best.yaml"
    own.write(path, "first")
    real = files.write_atomically

    def killed(target, text):
        if target == path:
            raise KeyboardInterrupt
        real(target, text)

    monkeypatch.setattr("qgtune.outputs.own_files.write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        own.write(path, "second")
    monkeypatch.undo()
    OwnFiles(tmp_path, said.append).write(path, "third")
    assert (path.read_text(), said) == ("third", [])


def test_a_folder_that_was_moved_keeps_its_memory(own, said, tmp_path):
    (tmp_path / "a").mkdir()
    OwnFiles(tmp_path / "a", said.append).write(tmp_path / "a" / "x.json", "1")
    (tmp_path / "a").rename(tmp_path / "b")
    OwnFiles(tmp_path / "b", said.append).write(tmp_path / "b" / "x.json", "2")
    assert said == []


def test_a_memory_that_is_broken_costs_a_copy_and_no_file(own, said, tmp_path):
    own.write(tmp_path / "x.json", "1")
    (tmp_path / ".qgtune-outputs.json").write_text("{")
    own.write(tmp_path / "x.json", "2")
    assert (tmp_path / "x.edited.json").read_text() == "1"


def test_a_paced_action_is_done_after_the_last_request_and_its_error_comes_out():
    import threading

    done = threading.Event()
    paced = Paced(done.set, least=0.0)
    paced.ask()
    assert done.wait(30)
    paced.end()

    reached = threading.Event()

    def fail():
        reached.set()
        raise OSError(28, "full")

    paced = Paced(fail, least=0.0)
    paced.ask()
    assert reached.wait(30)
    with pytest.raises(OSError, match="full"):  # noqa: PT012 - whichever request comes after it
        while True:
            paced.ask()
