"""Laws of writing a file whole or not at all."""

import os
import stat
import sys
import threading

import pytest

from qgtune.core.files import check_can_be_written, write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_text_is_written_as_it_is(tmp_path):
    write_atomically(tmp_path / "a.yaml", "é\r\nb\n")
    assert (tmp_path / "a.yaml").read_bytes() == "é\r\nb\n".encode()
    assert names(tmp_path) == ["a.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
def test_a_file_that_exists_keeps_its_mode_and_a_new_one_gets_the_usual(tmp_path):
    old, new, usual = (tmp_path / name for name in ("old", "new", "usual"))
    old.write_text("before")
    old.chmod(0o640)
    usual.write_text("")
    write_atomically(old, "after")
    write_atomically(new, "text")
    assert old.read_text() == "after"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert new.stat().st_mode == usual.stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link_to_the_new_text(tmp_path):
    (tmp_path / "file").write_text("before")
    (tmp_path / "link").symlink_to("file")
    write_atomically(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "after"


def test_a_failure_leaves_what_was_there_and_names_the_file(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="cannot write the file") as caught:
        write_atomically(tmp_path / "folder", "text")
    assert caught.value.filename == str(tmp_path / "folder")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "file", "\ud800")
    assert names(tmp_path) == ["folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_a_file_that_is_not_a_regular_one_is_written_to_and_stays_what_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_atomically(pipe, "text")
    reader.join()
    assert read == ["text"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("x" * 250 + ".yaml")
    write_atomically(path, "text")
    assert path.read_text() == "text"


def test_checking_whether_a_file_can_be_written_leaves_its_folder_only(tmp_path):
    check_can_be_written(tmp_path / "a" / "b" / "file")
    assert names(tmp_path / "a" / "b") == []
    (tmp_path / "taken").write_text("before")
    for path, culprit in ((tmp_path / "a", "a"), (tmp_path / "taken" / "file", "taken")):
        with pytest.raises(OSError, match=culprit) as caught:
            check_can_be_written(path)
        assert caught.value.filename == str(tmp_path / culprit)
    assert (tmp_path / "taken").read_text() == "before"


def test_checks_of_one_folder_at_the_same_time_do_not_disturb_each_other(tmp_path):
    errors = []

    def check():
        for _ in range(200):
            try:
                check_can_be_written(tmp_path / "file")
            except OSError as error:
                errors.append(error)

    threads = [threading.Thread(target=check) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, names(tmp_path)) == ([], [])
