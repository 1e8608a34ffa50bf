"""Laws of the setting ``launcher``: what is refused, and what a sound one asks for."""

import pytest

import qgtune
from qgtune.schema.launcher_settings import LauncherChoice, find_launcher_problems, parse_launcher
from qgtune.schema.samplers import OWN


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("lokal", "launcher: there is no launcher 'lokal' (did you mean 'local'?)"),
        (3, "launcher: a launcher is a name, or a mapping with type and arguments, but this is 3"),
        ({"workers": 3}, "launcher: a launcher is a name, or a mapping with type and arguments"),
        ("command", "launcher: the launcher command needs a command that starts a process"),
        ({"type": "command", "command": "srun"}, "launcher.command: the command says once where"),
        ({"type": "command", "command": "{command} {command}"}, "launcher.command: the command says once"),
        (
            {"type": "command", "command": "{command}", "worker": 3},
            "launcher.worker: command takes no argument 'worker' (did you mean 'workers'?)",
        ),
        (
            {"type": "mine.py:launch", "workers": 0},
            "launcher.workers: workers must be a whole number from 1 to 4096, but is 0",
        ),
        ({"type": "mine.py:launch", "workers": True}, "launcher.workers: workers must be a whole number"),
        ({"type": "local", "workers": 2}, "launcher.workers: local takes no argument 'workers'"),
    ],
)
def test_what_is_wrong_is_said_once_at_its_place(value, said):
    [problem] = find_launcher_problems(value)
    assert str(problem).startswith(said)


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        (None, LauncherChoice("local")),
        ("local", LauncherChoice("local")),
        (
            {"type": "command", "command": "nice {command}", "workers": 3},
            LauncherChoice("command", 3, {"command": "nice {command}"}),
        ),
        ({"type": "mine.py:launch", "queue": "long"}, LauncherChoice("mine.py:launch", 1, {"queue": "long"})),
    ],
)
def test_a_sound_setting_asks_for_what_it_says(value, choice):
    assert not find_launcher_problems(value)
    assert parse_launcher(value) == choice


def test_a_registered_launcher_has_a_name():
    @qgtune.register("launcher", "of_this_test")
    def launch(commands, environment):
        return []

    try:
        assert not find_launcher_problems("of_this_test")
    finally:
        del OWN["launcher"]._entries["of_this_test"]
