"""Launchers: what starts processes elsewhere that join a run, and what they are asked for."""

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from qgtune.core.errors import ConfigValueError
from qgtune.core.user_code import UserCodeError, load_function
from qgtune.schema.launcher_settings import PLACEHOLDER, LauncherChoice
from qgtune.schema.samplers import OWN

_LONGEST_WORDS = 500
_STOPS = 3
_SECONDS_TO_END = 5.0
_SECONDS_BETWEEN_LOOKS = 0.02


class Handle(Protocol):
    """A process that a launcher has started.

    It may also have a method ``last_words()``, which returns why it ended, in a line.
    """

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal; None as long as it runs."""

    def stop(self) -> None:
        """Have it end: after the trials that it runs; at once, when asked again.

        A process that joins a run does so on SIGTERM; a third call should kill it.
        """


Launch = Callable[[Sequence[Sequence[str]]], list[Handle]]


@dataclass(frozen=True, slots=True)
class Launching:
    """How the processes of a run are started elsewhere.

    Args:
        choice: the launcher, and how many processes it starts.
        command: the command line of each, but for its last word, the total of finished trials.
        folder: what the file of a user's own launcher is relative to.
    """

    choice: LauncherChoice
    command: tuple[str, ...]
    folder: Path

    def launcher(self) -> Launch:
        """Return what starts processes, given their command lines.

        Raises:
            ConfigValueError: at ``launcher``, if there is no such launcher; later, if it cannot start them.
        """
        function = _function(self.choice.name, self.folder)

        def launch(commands: Sequence[Sequence[str]]) -> list[Handle]:
            try:
                handles = list(function(commands, dict(os.environ), **self.choice.arguments))
            except Exception as error:
                reason = " ".join(str(error).split())
                message = f"{self.choice.name} could not start processes: {type(error).__name__}: {reason}"
                raise ConfigValueError(("launcher",), message) from error
            sound = [handle for handle in handles if _is_handle(handle)]
            if not len(sound) == len(handles) == len(commands):
                end_processes(sound)
                message = (
                    f"{self.choice.name} must return an object with poll() and stop() for each of "
                    f"{len(commands)} command lines, but returned {handles!r}"
                )
                raise ConfigValueError(("launcher",), message)
            return handles

        return launch


class LaunchedProcess:
    """A process that was started here, most often one that stands for another one elsewhere.

    Args:
        words: its command line.
        environment: its environment.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as this object
        # Also where the process cannot be started, and there never is a whole object.
        weakref.finalize(self, self._output.close)
        # A session of its own: Ctrl-C is for the run, which says to each process what it means.
        self._process = subprocess.Popen(  # noqa: S603 - the user's own command
            list(words),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._stops = 0

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None as long as it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Send SIGTERM; the third time, kill all that the process has started here."""
        self._stops += 1
        if self._process.poll() is not None:
            return
        if self._stops <= 2 or not hasattr(os, "killpg"):
            self._process.terminate()
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """Return what of its output most likely says why it ended, in a line; empty if there is nothing."""
        self._output.seek(0)
        text = self._output.read().decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()][:1] or lines[-2:]
        return "; ".join(telling)[:_LONGEST_WORDS]


def launch_by_command(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], *, command: str
) -> list[LaunchedProcess]:
    """Return processes, each started by a command that the user wrote.

    No shell reads it: it is split into words as a shell would.

    Args:
        commands: the command lines to run.
        environment: their environment.
        command: what starts one, with ``{command}`` where its words go, or in a word of its own, where
            they go in as one text that a shell can read.

    Example:
        >>> [process] = launch_by_command([["true"]], {"PATH": "/usr/bin:/bin"}, command="env {command}")
        >>> process._process.wait()
        0
    """
    started: list[LaunchedProcess] = []
    try:
        for words in commands:
            started.append(LaunchedProcess(_filled(command, words), environment))
    except BaseException:
        end_processes(started)  # nobody else knows of them
        raise
    return started


def end_processes(handles: Sequence[Handle]) -> None:
    """End processes that a launcher has started: gently at first, and at once if that takes long.

    Args:
        handles: what the launcher returned for them.
    """
    for _ in range(_STOPS):
        for handle in handles:
            handle.stop()
        deadline = time.monotonic() + _SECONDS_TO_END
        while any(handle.poll() is None for handle in handles):
            if time.monotonic() >= deadline:
                break
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        else:
            return


def _is_handle(value: object) -> bool:
    return callable(getattr(value, "poll", None)) and callable(getattr(value, "stop", None))


def _filled(command: str, words: Sequence[str]) -> list[str]:
    filled: list[str] = []
    for word in shlex.split(command):
        if word == PLACEHOLDER:
            filled.extend(words)
        else:
            filled.append(word.replace(PLACEHOLDER, shlex.join(words)))
    return filled


def _function(name: str, folder: Path) -> Callable[..., Any]:
    if name == "command":
        return launch_by_command
    if ":" not in name:
        return OWN["launcher"][name]
    try:
        return load_function(name, folder)
    except UserCodeError as error:
        raise ConfigValueError(("launcher",), error.message, error.hint) from error
