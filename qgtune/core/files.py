"""Writing a file whole or not at all."""

import errno
import os
import stat
import uuid
from collections.abc import Mapping
from pathlib import Path


def write_atomically(path: Path, text: str | bytes) -> None:
    r"""Leave at ``path`` a file with exactly ``text``, or, if anything fails, what was there before.

    The text goes to a temporary name in the same folder, reaches the disk, and is then moved over
    ``path``, so that no reader ever sees half a file. A file that exists keeps its mode; a new one
    gets the mode that ``open`` would give it. A symbolic link stays a link, its target is replaced. What
    is not a regular file, such as a pipe or ``/dev/null``, stays what it is and the text is written to it.

    Args:
        path: where the file shall stand; its folder must exist.
        text: the content; of a text, line breaks are written as they are, and the encoding is UTF-8.

    Raises:
        OSError: of the same class and number as the failure, with ``path`` as its file name.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "best.yaml"
        >>> write_atomically(target, "lr: 0.1\n")
        >>> target.read_text()
        'lr: 0.1\n'
    """
    content = text if isinstance(text, bytes) else text.encode()
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        # OSError chooses its subclass by the number, so that callers can still catch PermissionError.
        raise OSError(error.errno, f"cannot write the file: {error.strerror}", str(path)) from error


def _replace(target: Path, content: bytes) -> None:
    # Not made of the target's name, which may be as long as a name can be.
    temporary = target.with_name(f".qgtune-{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def is_special_file(path: Path) -> bool:
    """Return whether something stands at ``path`` that is neither a regular file nor a folder."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112, PTH113 - unlike a Path's, these take a name of any length


def check_can_be_written(path: Path) -> None:
    """Make the folder of a file that is to be written, and check that the file can be written there.

    Raises:
        OSError: if not; its ``filename`` is the folder or the file at fault.
    """
    if is_special_file(path):
        if not os.access(path, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # A name of its own: another run may look at the same folder at the same time.
    probe = folder / f".qgtune-{uuid.uuid4().hex}.probe"
    try:
        probe.touch(exist_ok=False)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    finally:
        probe.unlink(missing_ok=True)


def write_new_files(contents: Mapping[Path, bytes]) -> None:
    r"""Write files that do not exist yet: all of them, or, if anything fails, none.

    Args:
        contents: what each file shall hold; their folders must exist.

    Raises:
        FileExistsError: if one of them exists.
        OSError: if one cannot be written.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_new_files({folder / "a.yaml": b"lr: 0.1\n", folder / "b.yaml": b""})
        >>> sorted(path.name for path in folder.iterdir())
        ['a.yaml', 'b.yaml']
    """
    temporary = {path: path.with_name(f".qgtune-{uuid.uuid4().hex}.tmp") for path in contents}
    made: list[Path] = []
    try:
        for path, content in contents.items():
            _write_through(temporary[path], content, path)
        for path in contents:
            _place(temporary[path], path)
            made.append(path)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)


def _write_through(temporary: Path, content: bytes, path: Path) -> None:
    """Write a new file and see it on the disk; name the file that it will be where that fails."""
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _place(written: Path, path: Path) -> None:
    """Give a file its name, which nothing may have yet."""
    try:
        path.hardlink_to(written)
    except OSError as error:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        written.replace(path)  # on a file system without links
