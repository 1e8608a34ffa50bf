"""What a tuning file says about compiling: which parts vary, and what a space is linked with."""

from qgtune.compiler.building.selection import Selection, parse_pattern
from qgtune.compiler.data_facts import data_facts
from qgtune.compiler.linking.link import LinkedSpace, Outside
from qgtune.compiler.linking.patterns import patterns_to_nothing
from qgtune.compiler.problems import Problems
from qgtune.compiler.task_check import LATE_FACTS, TASKS
from qgtune.compiler.tuning import Tuning
from qgtune.core.paths import Path, PathSyntaxError


def selection_of(tuning: Tuning, problems: Problems) -> Selection:
    """Return what varies in a study; a pattern that is no path is reported."""
    patterns: list[Path] = []
    for i, text in enumerate(tuning.settings.tune or ()):
        try:
            patterns.append(parse_pattern(text))
        except PathSyntaxError as error:
            problems.error("QG403", f"tune: {error}", tuning.document.locate(("tune", i)))
    return Selection(tuning.settings.untuned, tuple(patterns) if tuning.settings.tune else None)


def outside_of(tuning: Tuning) -> Outside:
    """Return what a study's space is linked with besides its own files."""
    late_facts = LATE_FACTS if tuning.settings.task in TASKS else frozenset()
    objects = tuple(tuning.settings.allow_pyobjects or ())
    return Outside(facts=data_facts(tuning).by_path(), late_facts=late_facts, objects=objects)


def check_patterns(tuning: Tuning, selection: Selection, linked: LinkedSpace, problems: Problems) -> bool:
    """Report patterns of ``tune`` that lead to nothing in the config; tell whether there are some."""
    before = len(problems.found)
    for i, message, hint in patterns_to_nothing(selection, linked):
        problems.error("QG227", message, tuning.document.locate(("tune", i)), hint)
    return len(problems.found) > before
