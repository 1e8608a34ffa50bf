"""The setting ``launcher`` of a tuning file: what is wrong with it, what it asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.schema.samplers import OWN

PLACEHOLDER = "{command}"
"""What the command of a launcher writes for the command line that it is to start."""

_BUILT_IN = ("local", "command")
_MOST_WORKERS = 4096
_TYPE, _WORKERS, _COMMAND = "type", "workers", "command"


@dataclass(frozen=True, slots=True)
class LauncherChoice:
    """A launcher with its arguments.

    Args:
        name: ``local``, ``command``, one that was registered, or ``file.py:function``.
        workers: how many processes it starts, each of which has ``n_processes`` workers; from 1.
        arguments: what else is written.
    """

    name: str = "local"
    workers: int = 1
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether the workers are processes of the run itself."""
        return self.name == "local"


def parse_launcher(value: Any) -> LauncherChoice:
    """Return what a sound setting asks for; null is ``local``.

    Example:
        >>> parse_launcher({"type": "command", "command": "nice {command}", "workers": 2}).workers
        2
    """
    if value is None:
        return LauncherChoice()
    if isinstance(value, str):
        return LauncherChoice(value)
    arguments = {key: given for key, given in value.items() if key not in {_TYPE, _WORKERS}}
    return LauncherChoice(value[_TYPE], value.get(_WORKERS, 1), arguments)


def find_launcher_problems(value: Any) -> tuple[ConfigValueError, ...]:
    """Return everything that is wrong with a launcher as a tuning file gives it.

    Of a user's own launcher only its name and ``workers`` are looked at.

    Example:
        >>> [str(problem) for problem in find_launcher_problems("comand")]
        ["launcher: there is no launcher 'comand' (did you mean 'command'?)"]
    """
    return tuple(_problems(value))


def _problems(value: Any) -> Iterator[ConfigValueError]:
    path: Path = ("launcher",)
    if value is None:
        return
    given = dict(value) if isinstance(value, Mapping) else {_TYPE: value}
    place = (*path, _TYPE) if isinstance(value, Mapping) and _TYPE in value else path
    name = given.get(_TYPE)
    if not isinstance(name, str):
        message = f"a launcher is a name, or a mapping with type and arguments, but this is {value!r}"
        yield ConfigValueError(place, message, f"known: {', '.join(sorted({*_BUILT_IN, *OWN['launcher']}))}")
        return
    if name not in _BUILT_IN and ":" not in name and name not in OWN["launcher"]:
        hint = did_you_mean(name, {*_BUILT_IN, *OWN["launcher"]})
        yield ConfigValueError(place, f"there is no launcher {name!r}", hint)
        return
    taken = {"local": (_TYPE,), "command": (_TYPE, _WORKERS, _COMMAND)}.get(name, tuple(given))
    for key in given:
        if key not in taken:
            message = f"{name} takes no argument {key!r}"
            yield ConfigValueError((*path, str(key)), message, did_you_mean(str(key), taken), is_key=True)
    workers = given.get(_WORKERS, 1)
    if not isinstance(workers, int) or isinstance(workers, bool) or not 1 <= workers <= _MOST_WORKERS:
        message = f"workers must be a whole number from 1 to {_MOST_WORKERS}, but is {workers!r}"
        yield ConfigValueError((*path, _WORKERS), message)
    if name == "command":
        yield from _command_problems(given, path)


def _command_problems(given: Mapping[str, Any], path: Path) -> Iterator[ConfigValueError]:
    command = given.get(_COMMAND)
    example = "write for example command: srun --ntasks=1 {command}"
    if command is None:
        yield ConfigValueError(path, "the launcher command needs a command that starts a process", example)
    elif not isinstance(command, str) or command.count(PLACEHOLDER) != 1:
        message = f"the command says once where the started command line goes, as {PLACEHOLDER}, but it is "
        yield ConfigValueError((*path, _COMMAND), f"{message}{command!r}", example)


def launcher_schema() -> dict[str, Any]:
    """Return the JSON Schema of the setting: a name, or a mapping with arguments, each with its meaning."""
    workers = {
        "description": "How many processes are started; each has n_processes worker processes of its own.",
        "type": "integer",
        "minimum": 1,
        "maximum": _MOST_WORKERS,
        "default": 1,
    }
    command = {
        "description": "What starts a process; {command} stands for the command line that it is to run.",
        "type": "string",
        "examples": ["srun --ntasks=1 {command}"],
    }
    named = {
        "description": "Which launcher, by name, or file.py:function.",
        "type": "string",
        "examples": list(_BUILT_IN),
    }
    properties = {_TYPE: named, _WORKERS: workers, _COMMAND: command}
    return {
        "anyOf": [
            {"type": "string", "examples": ["local"]},
            {"type": "null"},
            {"type": "object", "required": [_TYPE], "properties": properties},
        ]
    }
