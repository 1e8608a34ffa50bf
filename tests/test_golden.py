"""Golden cases: each diagnostic code has one folder of files, which yields exactly that code, with exact text.

A folder holds the files, ``expected.txt``, and where it is not ``check tuning.yaml``, the command line in
``command.txt`` or the Python call in ``call.py``. To accept new texts: ``QGTUNE_ACCEPT=1 pytest tests/test_golden.py``.
"""

import os
import pathlib
import re
import runpy
import shutil

import pytest

from qgtune.cli import main
from qgtune.core.errors import DiagnosticError

ROOT = pathlib.Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
CODE = re.compile(r"QG\d{3}")


def printed(case: pathlib.Path, folder: pathlib.Path, capsys) -> str:
    """Run a case in a copy of its folder; return what it printed about problems."""
    shutil.copytree(case, folder, dirs_exist_ok=True)
    os.chdir(folder)
    if (case / "call.py").exists():
        with pytest.raises(DiagnosticError) as caught:
            runpy.run_path("call.py")
        return f"{caught.value}\n"
    command = (case / "command.txt").read_text().split() if (case / "command.txt").exists() else None
    code = main(command or ["check", "tuning.yaml"])
    text = capsys.readouterr().err.replace(str(folder), "FOLDER")
    assert code == (1 if "error[" in text else 0)
    return text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_case_yields_exactly_its_code_and_text(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = printed(case, tmp_path, capsys)
    expected = case / "expected.txt"
    if os.environ.get("QGTUNE_ACCEPT"):
        expected.write_text(text)
    assert text == expected.read_text()
    assert re.findall(r"\[(QG\d{3})\]", text) == [case.name[:5]]


def test_every_code_has_one_case_and_one_section_in_the_docs():
    in_code = {code for file in (ROOT / "qgtune").rglob("*.py") for code in CODE.findall(file.read_text())}
    assert [case.name[:5] for case in CASES] == sorted(in_code)
    sections = re.findall(r"^### (QG\d{3})", (ROOT / "docs" / "diagnostics.md").read_text(), re.MULTILINE)
    assert sections == sorted(in_code)
