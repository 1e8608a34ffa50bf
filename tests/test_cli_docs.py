"""docs/commands.md: its commands do what it says, and no command is missing."""

import pathlib
import re
import shutil

from own_projects import qgtune

from qgtune import cli
from qgtune.cli.entry import COMMANDS

ROOT = pathlib.Path(__file__).parent.parent
PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def changed_copy(folder):
    """Make ``new`` from ``study`` as the page tells it."""
    shutil.copytree(folder / "study", folder / "new")
    for name, old, new in (
        ("search_space.yaml", "pooling_layer: [mean, max, sum]", "pooling_layer: [mean, max]"),
        ("search_space.yaml", "low: 0.0001\n", "low: 1.0e-05\n"),
        ("tuning.yaml", "n_trials: 20", "n_trials: 50"),
    ):
        path = folder / "new" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


def test_every_command_of_the_page_prints_what_the_page_shows(tmp_path):
    shutil.copy(ROOT / "sample_configs/causal_sets/base_settings.yaml", tmp_path / "config.yaml")
    for command, shown in BLOCKS:
        words = command.split()
        assert words[0] == "qgtune"
        if words[1] == "diff":
            changed_copy(tmp_path)
        done = qgtune(*words[1:], cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1 if words[1] == "diff" else 0, ""), command
        parts = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
        assert re.fullmatch(".*".join(map(re.escape, parts)), done.stdout, re.DOTALL), command


def test_every_command_has_a_section_a_row_and_a_line_in_the_help(capsys):
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    sections = set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))
    assert set(COMMANDS) == sections
    for command in COMMANDS.values():
        assert f"\n  qgtune {command.short_usage} " in said
        assert command.name == "run" or f"| `qgtune {command.name} " in PAGE


def test_the_readme_lists_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in COMMANDS.values():
        assert f"`qgtune {command.short_usage.replace('CODE|PATH', 'CODE').split()[0]}" in readme
