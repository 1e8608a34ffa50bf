"""docs/commands.md and the README leave no command out; test_docs runs what the page shows."""

import pathlib
import re

from qgtune import cli
from qgtune.cli.entry import COMMANDS

ROOT = pathlib.Path(__file__).parent.parent
PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")


def test_every_command_has_a_section_a_row_and_a_line_in_the_help(capsys):
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    sections = set(re.findall(r"^## ([\w-]+)$", PAGE, re.MULTILINE))
    assert set(COMMANDS) == sections
    for command in COMMANDS.values():
        assert f"\n  qgtune {command.short_usage} " in said
        assert command.name == "run" or f"| `qgtune {command.name} " in PAGE


def test_the_readme_lists_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in COMMANDS.values():
        assert f"`qgtune {command.short_usage.replace('CODE|PATH', 'CODE').split()[0]}" in readme
