"""Every example of the docs is run: files are checked, commands print what the page says, tables hold.

``QGTUNE_ACCEPT=1 pytest tests/test_docs.py`` writes what the commands print into the pages.
"""

import ast
import contextlib
import io
import os
import pathlib
import shlex

import pytest
from documented import blocks, commands, files_of, projects, sections, tables

from qgtune.cli import main
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.compiler.planning.stand_ins import RandomTrial
from qgtune.core.errors import DiagnosticError
from qgtune.document import Source, format_flow, read_document, read_text

ROOT = pathlib.Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
LANGUAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
GOLDEN = "\n".join(path.read_text() for path in sorted(ROOT.glob("tests/golden/*/expected.txt")))

SHOWN_ONLY = {"git diff --no-index base_settings.yaml best_config.yaml"}
"""Commands of other programs, which the docs name and no test runs."""


def plan_of(space, base, dependencies=None):
    """Return the plan of three texts."""
    texts = zip(("space", "base", "map"), (space, base, dependencies), strict=True)
    sources = [None if text is None else Source(name, text) for name, text in texts]
    return compile_space(SpaceSources(*sources)).plan


def domains(plan):
    """Return the parameters of a plan by name, as check shows them."""
    return {suggestion.name: str(suggestion.domain) for suggestion in plan.suggestions}


def page_id(path):
    return path.name


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_every_block_of_a_page_is_a_file_a_command_or_marked_as_a_fragment(path):
    for block in blocks(path.read_text(encoding="utf-8")):
        where = f"{path.name}:{block.line}: {block.kind}"
        if block.kind in ("yaml", "python"):
            assert block.name is not None, (
                f"{where}: its first line names no file, and it is not marked 'fragment'"
            )
        elif block.kind == "yaml fragment":
            problems = []
            assert read_document(Source(where, block.text), problems) is not None, problems
        elif block.kind == "python fragment":
            ast.parse(block.text)
        elif block.kind == "text":
            assert block.text.strip() in GOLDEN, f"{where}: no golden case prints this"
        else:
            known = {"console"} | ({"console run"} if path.name == "getting_started.md" else set())
            assert block.kind in known, f"{where}: not a kind of block that is tested"


def printed(command):
    """Return all that a command prints, as a terminal shows it."""
    program, *words = shlex.split(command)
    assert program == "qgtune", command
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        status = main(words)
    assert status in {0, 1}, screen.getvalue()  # no page shows a fault of qgtune's own
    return screen.getvalue().rstrip("\n") + "\n"


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_every_command_of_a_page_prints_what_the_page_says(path, tmp_path, monkeypatch):
    page = path.read_text(encoding="utf-8")
    printed_there = {}
    for number, (block, files) in enumerate(projects(page)):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        found = "".join(
            f"$ {command}\n{output if command in SHOWN_ONLY else printed(command)}"
            for command, output in commands(block)
        )
        if os.environ.get("QGTUNE_ACCEPT"):
            printed_there[block.span] = found
        else:
            assert found == block.text, f"{path.name}:{block.line}"
    for (start, end), found in reversed(printed_there.items()):
        page = page[:start] + found + page[end:]
    if printed_there:
        path.write_text(page, encoding="utf-8")


@pytest.mark.parametrize("row", tables(LANGUAGE, "written", "sampled from"), ids=" ".join)
def test_a_form_of_the_language_page_samples_what_the_page_says(row):
    written, sampled = row
    assert domains(plan_of(f"x: {written}", "x: null")) == {"x": sampled}


@pytest.mark.parametrize("row", tables(LANGUAGE, "search space", "base settings", "is"), ids=" ".join)
def test_a_list_of_the_language_page_is_what_the_page_says(row):
    space, base, meaning = row
    plan = plan_of(f"x: {space}", f"x: {base}" if base != "nothing" else "y: 1")
    kind, _, value = meaning.partition(" ")
    if kind == "always":
        assert plan.config_of({})["x"] == read_text(f"x: {value.strip('`')}")["x"]
    else:
        assert domains(plan) == {"x": f"{kind} {value}"}


@pytest.mark.parametrize("row", tables(LANGUAGE, "expression", "where", "is"), ids=" ".join)
def test_an_expression_of_the_language_page_is_what_the_page_says(row):
    expression, where, expected = row
    base = f"{where.removesuffix('}')}, x: null}}"
    line = f"x: {format_flow(expression)}"
    if not expected.startswith("an error: "):
        assert format_flow(plan_of(None, base, line).config_of({})["x"]) == expected
        return
    with pytest.raises(DiagnosticError) as caught:
        plan_of(None, base, line)
    assert expected.removeprefix("an error: ").strip("`") in str(caught.value)


FORMS_BASE = files_of(sections(LANGUAGE, "##")["All forms"])["base_settings.yaml"]


@pytest.mark.parametrize("row", tables(LANGUAGE, "in a search space", "is"), ids=lambda row: row[0])
def test_a_form_of_the_last_table_changes_what_trials_do(row):
    plan = plan_of(row[0], FORMS_BASE)
    assert plan.fingerprint != plan_of(None, FORMS_BASE).fingerprint
    assert plan.resolve(RandomTrial(0))


@pytest.mark.parametrize("row", tables(LANGUAGE, "in a dependency map", "is"), ids=lambda row: row[0])
def test_a_line_of_the_last_table_sets_something(row):
    plan = plan_of(None, FORMS_BASE, row[0])
    assert plan.steps
    assert plan.resolve(RandomTrial(0))


def test_the_tables_that_are_tested_are_there():
    assert tables(LANGUAGE, "written", "sampled from")
    assert tables(LANGUAGE, "search space", "base settings", "is")
    assert tables(LANGUAGE, "expression", "where", "is")
    assert tables(LANGUAGE, "in a search space", "is")
    assert tables(LANGUAGE, "in a dependency map", "is")
