"""Modules of a user's own that register layers, samplers, data sets and so on, imported before all else."""

from qgtune.compiler.tuning import Tuning
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.user_code import UserCodeError, load_module


def import_plugins(tuning: Tuning, problems: list[Diagnostic]) -> None:
    """Import what ``plugins`` of a tuning file names, each module once in a process; report what fails."""
    for index, reference in enumerate(tuning.settings.plugins or ()):
        try:
            load_module(reference, tuning.folder.resolve())
        except UserCodeError as error:
            place = error.place or tuning.document.locate(("plugins", index))
            problems.append(Diagnostic("QG412", error.message, place, error.hint))
