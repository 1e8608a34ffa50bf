"""The page of diagnostics, code by code: what each means, and what to do."""

import pathlib
import re
from collections.abc import Mapping

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import QgtuneError, UsageError

_PAGE = "diagnostics.md"
_CODE = re.compile(r"(?:qg)?-?(\d{1,4})\Z", re.IGNORECASE)
_SECTION = re.compile(r"^### (QG\d{3})\s*$(.*?)(?=^#{1,3} |\Z)", re.MULTILINE | re.DOTALL)
_FIRST_SENTENCE = re.compile(r".*?[.:](?=\s|\Z)")


def is_code(word: str) -> bool:
    """Tell whether a word is meant as a diagnostic's code, rather than as a path or a file."""
    return (word.lower().startswith("qg") and word.isalnum()) or _CODE.match(word) is not None


def code_section(word: str) -> str:
    """Return what the page says about a code.

    Args:
        word: the code; ``QG301``, ``qg301`` and ``301`` are the same.

    Raises:
        UsageError: if there is no such code; it names the nearest one.
    """
    match = _CODE.match(word)
    code = f"QG{match[1]}" if match else word.upper()
    sections = _sections()
    if code not in sections:
        raise UsageError(f"there is no diagnostic {code}; {_nearest(code, sections)}")
    return f"{code}\n\n{sections[code]}"


def code_titles() -> dict[str, str]:
    """Return the first sentence of each code's section, by code."""
    return {code: _title(text) for code, text in _sections().items()}


def _nearest(code: str, sections: Mapping[str, str]) -> str:
    hint = did_you_mean(code, sections)
    return hint if hint.startswith("did") else "qgtune explain lists all of them"


def _title(text: str) -> str:
    flat = " ".join(text.removeprefix("*Warning.*").split())
    match = _FIRST_SENTENCE.match(flat)
    return (match[0] if match else flat).rstrip(".:")


def _sections() -> dict[str, str]:
    return {code: text.strip() for code, text in _SECTION.findall(_page())}


def _page() -> str:
    """Return the text of the page: that of the installed package, or the repository's own."""
    from importlib import resources  # read by explain alone, and slow to import

    packaged = resources.files("qgtune") / _PAGE
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    own = pathlib.Path(__file__).parents[2] / "docs" / _PAGE
    if own.is_file():
        return own.read_text(encoding="utf-8")
    raise QgtuneError(f"this installation of qgtune lacks its page of diagnostics, {own}")
