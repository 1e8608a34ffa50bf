"""Laws of writing a file whole or not at all."""

import stat
import sys

import pytest

from qgtune.core.files import write_atomically


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
