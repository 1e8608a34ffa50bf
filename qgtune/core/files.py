"""Writing a file whole or not at all."""

import os
import stat
import uuid
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    r"""Leave at ``path`` a file with exactly ``text``, or, if anything fails, what was there before.

    The text goes to a temporary name in the same folder, reaches the disk, and is then moved over
    ``path``, so that no reader ever sees half a file. A file that exists keeps its mode; a new one
    gets the mode that ``open`` would give it. A symbolic link stays a link, its target is replaced.

    Args:
        path: where the file shall stand; its folder must exist.
        text: the content; line breaks are written as they are, the encoding is UTF-8.

    Raises:
        OSError: of the same class and number as the failure, with ``path`` as its file name.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "best.yaml"
        >>> write_atomically(target, "lr: 0.1\n")
        >>> target.read_text()
        'lr: 0.1\n'
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        try:
            with temporary.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        # OSError chooses its subclass by the number, so that callers can still catch PermissionError.
        raise OSError(error.errno, f"cannot write the file: {error.strerror}", str(path)) from error
