"""What is asked of the compiler for one input: a plan or diagnostics, soon, and within its memory."""

import os
import pathlib
import pickle
import resource
import time
import traceback
import unicodedata
from dataclasses import dataclass

from fuzz.projects import Project, write_project
from qgtune.compiler.prepare import prepare
from qgtune.core.diagnostics import (
    Diagnostic,
    Severity,
    diagnostics_as_json,
    diagnostics_for_github,
    render_diagnostics,
)
from qgtune.core.errors import DiagnosticError

MAX_SECONDS = 2.0
"""Of the processor, for one input."""

TOO_LONG = "takes too long"

MAX_MEGABYTES = 500
"""That one input may add to the process."""

_TURNS_TEXT_AROUND = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an input.

    ``kind`` is ``plan``, ``diagnostics`` or ``failure``; ``what`` names a failure, the same for the same
    fault, and ``details`` tells more of it.
    """

    kind: str
    what: str = ""
    details: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0
    """The most that the process has held so far."""


def judge(project: Project, folder: pathlib.Path) -> Verdict:
    """Return what the whole check, from the tuning file on, makes of a project. Nothing is trained.

    Args:
        project: the files.
        folder: where they are written; what stands there is replaced.
    """
    tuning = write_project(project, folder)
    before, began = _megabytes(), time.process_time()
    try:
        kind, what = _check(tuning)
        details = ""
    except (Exception, RecursionError) as error:  # noqa: BLE001 - any of them is what fuzzing looks for
        kind, what, details = "failure", _name(error), "".join(traceback.format_exception(error))
    seconds, after = time.process_time() - began, _megabytes()
    if kind != "failure" and seconds > MAX_SECONDS:
        kind, what, details = "failure", TOO_LONG, f"{seconds:.1f} s of the processor"
    if kind != "failure" and after - before > MAX_MEGABYTES:
        kind, what, details = "failure", "takes too much memory", f"{after - before:.0f} MB more than before"
    return Verdict(kind, what, details, seconds, after)


def _check(tuning: pathlib.Path) -> tuple[str, str]:
    """Return a verdict's kind and name; what is raised is a failure too."""
    try:
        prepared = prepare(tuning)
    except DiagnosticError as error:
        if not any(problem.severity is Severity.ERROR for problem in error.diagnostics):
            return "failure", "raised without an error among the diagnostics"
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made on this line
        if str(copy) != str(error):
            return "failure", "the exception changes when it is pickled"
        return _shown("diagnostics", error.diagnostics)
    plan = prepared.compilation.plan
    if pickle.loads(pickle.dumps(plan)).fingerprint != plan.fingerprint:  # noqa: S301 - made on this line
        return "failure", "the plan changes when it is pickled"
    return _shown("plan", prepared.warnings)


def _shown(kind: str, diagnostics: tuple[Diagnostic, ...]) -> tuple[str, str]:
    """Render the diagnostics in each form; return the verdict's kind and name."""
    text = render_diagnostics(diagnostics)
    for form in (text, diagnostics_as_json(diagnostics), diagnostics_for_github(diagnostics)):
        form.encode()
    controls = sorted({f"U+{ord(c):04X}" for c in text if c != "\n" and _acts_on_a_terminal(c)})
    if controls:
        return "failure", f"a control character reaches the terminal: {controls[0]}"
    return kind, ""


def _acts_on_a_terminal(character: str) -> bool:
    """Tell whether a character steers a terminal, or turns the text around it, rather than being shown."""
    is_control = unicodedata.category(character) == "Cc"
    return is_control or unicodedata.bidirectional(character) in _TURNS_TEXT_AROUND


def _name(error: BaseException) -> str:
    """Return the kind of an exception and the last line of qgtune's own that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f"{os.sep}qgtune{os.sep}" in f.filename]
    place = f" in {pathlib.Path(frames[-1].filename).stem}.{frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{place}"


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
