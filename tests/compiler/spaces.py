"""Compiling texts, for tests."""

from qgtune.compiler.building.selection import Selection
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.core.errors import DiagnosticError
from qgtune.document import Source


def compiled(space, base=None, dependencies=None, untuned=()):
    """Return the compilation of three texts."""
    texts = (("space.yaml", space), ("base.yaml", base), ("map.yaml", dependencies))
    sources = [None if text is None else Source(name, text) for name, text in texts]
    return compile_space(SpaceSources(*sources), Selection(frozenset(untuned)))


def codes(space, base=None, dependencies=None, untuned=()):
    """Return the codes of all diagnostics, whether or not they stop the compilation."""
    try:
        found = compiled(space, base, dependencies, untuned).warnings
    except DiagnosticError as error:
        found = error.diagnostics
    return [problem.code for problem in found]


def domains(compilation):
    """Return the parameters' domains as text, by name."""
    return {suggestion.name: str(suggestion.domain) for suggestion in compilation.plan.suggestions}


class Chooser:
    """A trial that gives what it is told, by parameter name, and otherwise the lowest or first value."""

    number = 0

    def __init__(self, **given):
        self.given = {name.replace("__", "."): value for name, value in given.items()}

    def suggest_float(self, name, low, high, *, step=None, log=False):
        return self.given.get(name, low)

    def suggest_int(self, name, low, high, *, step=1, log=False):
        return self.given.get(name, low)

    def suggest_categorical(self, name, choices):
        return self.given.get(name, choices[0])


def config(space, base=None, dependencies=None, /, **given):
    """Return the config of a trial that is told some values, by parameter name with ``__`` for dots."""
    return compiled(space, base, dependencies).plan.resolve(Chooser(**given))


def problems(space, base=None, dependencies=None):
    """Return code, line, column and message of all diagnostics."""
    try:
        found = compiled(space, base, dependencies).warnings
    except DiagnosticError as error:
        found = error.diagnostics
    return [(p.code, p.location.line, p.location.column, p.message) for p in found]
