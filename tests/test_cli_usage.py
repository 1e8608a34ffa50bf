"""The command line: wrong usage, files that look like commands, and colour."""

import argparse
import os
import pty
import re
import subprocess
import sys

import pytest
from own_projects import environment, write_project

from qgtune import cli
from qgtune.cli.entry import COMMANDS
from qgtune.core.diagnostics import (
    Diagnostic,
    Location,
    Related,
    Severity,
    render_diagnostic,
    styled_diagnostic,
)

ESCAPES = re.compile(r"\x1b\[[\d;]*m")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chek", "t.yaml"], "qgtune: there is no command 'chek', and no such file; did you mean check?"),
        (["chek"], "qgtune: there is no command 'chek', and no such file; did you mean check?"),
        (["tune", "t.yaml"], "qgtune: there is no command 'tune', and no such file"),
        (["check"], "qgtune check: this is missing: TUNING.yaml"),
        (["check", "a", "b"], "qgtune check: 'b' is more than this takes"),
        (["check", "a", "--fromat", "json"], "qgtune check: there is no option --fromat; did you mean --format?"),
        (["--fromat=json", "check", "a"], "qgtune: there is no option --fromat; did you mean --format?"),
        (["check", "a", "--format", "jsn"], "qgtune check: argument --format: 'jsn' is none of text, json, github; did you mean json?"),
        (["t.yaml", "--color", "allways"], "qgtune run: argument --color: 'allways' is none of auto, always, never; did you mean always?"),
        (["t.yaml", "--quit"], "qgtune run: there is no option --quit; did you mean --quiet?"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told_in_two_lines_what_is_wrong_and_what_to_write(
    words, said, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == said
    assert second.startswith("usage: qgtune")


def test_without_arguments_the_commands_are_listed(capsys):
    assert cli.main([]) == 2
    said = capsys.readouterr().err
    assert all(f"\n  qgtune {name}" in said for name in ("TUNING.yaml", "check", "sample"))


@pytest.mark.parametrize("words", [["--", "check"], ["run", "check"], ["./check"], ["run", "--", "check"]])
def test_a_file_that_is_named_as_a_command_can_be_run(words, tmp_path, monkeypatch):
    write_project(tmp_path, "n_trials: 1\n").rename(tmp_path / "check")
    done = subprocess.run(
        [sys.executable, "-m", "qgtune", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert "study tiny: 1 complete" in done.stdout


def test_an_option_with_a_value_may_stand_before_the_command(tmp_path, capsys):
    tuning = str(write_project(tmp_path))
    assert cli.main(["--color", "never", "--format", "json", "check", tuning]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_a_misspelled_tuning_file_is_answered_with_the_one_that_is_there(tmp_path, capsys):
    tuning = write_project(tmp_path)
    misspelled = str(tuning.with_name("tunning.yaml"))
    for words in (["check", misspelled], ["init", misspelled], ["diff", str(tuning), misspelled]):
        assert cli.main(words) == 1
        assert "   = hint: did you mean 'tuning.yaml'?" in capsys.readouterr().err


@pytest.mark.parametrize("severity", Severity)
def test_the_pieces_of_a_diagnostic_joined_are_its_text(severity):
    place = Location("a.yaml", 3, 2, 3, 5, " a\tbcd")
    problem = Diagnostic("QG301", "m", place, "h", severity, (Related(place, "r"),))
    assert "".join(text for text, _ in styled_diagnostic(problem)) == render_diagnostic(problem)
    roles = {role for _, role in styled_diagnostic(problem)}
    assert roles == {
        "", "place", str(severity), "code", "message", "margin", f"caret-{severity}", "caret-related", "hint", "related",
    }  # fmt: skip


def broken(folder):
    return write_project(folder, dependencies="training:\n  warmup: training.rate\n")


def test_colour_adds_escape_codes_and_nothing_else(tmp_path, capsys):
    tuning = str(broken(tmp_path))
    assert cli.main(["check", tuning, "--color", "never"]) == 1
    plain = capsys.readouterr().err
    assert cli.main(["check", tuning, "--color", "always"]) == 1
    coloured = capsys.readouterr().err
    assert "\x1b[1;31merror\x1b[0m" in coloured
    assert "\x1b[1;36mhint\x1b[0m" in coloured
    assert ESCAPES.sub("", coloured) == plain
    assert "\x1b" not in plain


def said_on_a_terminal(folder, *words, **variables):
    """Run the real command line with stderr on a terminal; return what it wrote there."""
    main, other = pty.openpty()
    command = [sys.executable, "-m", "qgtune", *words]
    env = {key: value for key, value in environment().items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=other,
        cwd=folder,
        env={**env, "TERM": "xterm", **variables},
    )
    os.close(other)
    said = b""
    try:
        while part := os.read(main, 4096):
            said += part
    except OSError:  # the other end is closed
        pass
    os.close(main)
    assert done.wait() == 1
    return said.decode()


@pytest.mark.parametrize(
    ("words", "variables", "is_coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color=never"], {}, False),
        (["--color=always"], {"NO_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_a_terminal_gets_colour_unless_it_or_its_user_wants_none(tmp_path, words, variables, is_coloured):
    broken(tmp_path)
    said = said_on_a_terminal(tmp_path, "check", "tuning.yaml", *words, **variables)
    assert ("\x1b[" in said) is is_coloured
    assert "error" in said


def test_a_check_that_shows_no_colour_does_not_import_rich(tmp_path):
    broken(tmp_path)
    script = "import sys\nfrom qgtune.cli import main\nmain(['check', 'tuning.yaml'])\nprint('rich' in sys.modules)\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment(),
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_usage_of_a_command_names_each_of_its_options_and_no_other(name):
    parser = argparse.ArgumentParser()
    COMMANDS[name].add_arguments(parser)
    options = {action.option_strings[-1] for action in parser._actions if action.option_strings}
    assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", COMMANDS[name].usage)) == options - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_an_option_may_be_is_said_by_its_usage(name):
    parser = argparse.ArgumentParser()
    COMMANDS[name].add_arguments(parser)
    assert all(action.metavar or action.nargs == 0 for action in parser._actions)
