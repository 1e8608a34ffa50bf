"""The exceptions of qgtune.

::

    QgtuneError
    ├── DiagnosticError     problems in the user's files, all of them, rendered
    ├── ConfigValueError    one value of a resolved config that cannot be used, named by its path
    ├── UsageError          a call or a command line that cannot mean anything
    ├── WorkerStartupError  an objective that could not be built in a worker (in qgtune.study)
    ├── TrainingError       a training that diverged (in qgtune.training)
    ├── GraphFileError      a file that does not hold the graphs it should (in qgtune.data)
    └── TrialPruned         a trial that ends early because it is not promising

    QgtuneWarning           what is legal in the user's files, but probably not meant
"""

from qgtune.core.diagnostics import Diagnostic, render_diagnostics
from qgtune.core.paths import Path, format_path


class QgtuneError(Exception):
    """The base of every exception that qgtune raises on purpose."""


class DiagnosticError(QgtuneError):
    """Problems in the user's files; its text is the rendered diagnostics, its ``diagnostics`` the values."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return render_diagnostics(self.diagnostics)


class ConfigValueError(QgtuneError):
    """A value of a resolved config that cannot be used.

    Whoever knows the files turns it into a diagnostic at the line that set the value.

    Args:
        path: where the value stands in the config.
        message: the rule, then the value that breaks it, in one line.
        hint: a way out, or an empty string.
        is_key: whether the key itself is wrong, rather than its value.
    """

    def __init__(self, path: Path, message: str, hint: str = "", is_key: bool = False) -> None:
        super().__init__(path, message, hint, is_key)
        self.path = path
        self.message = message
        self.hint = hint
        self.is_key = is_key

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{format_path(self.path)}: {self.message}{hint}"


class QgtuneWarning(UserWarning):
    """What is legal in the user's files but probably not meant, as rendered diagnostics."""


class UsageError(QgtuneError):
    """A call or a command line that cannot mean anything."""


class TrialPruned(QgtuneError):  # noqa: N818 - the field's own word, as Optuna has it
    """A trial that ends early because it is not promising; raised by a trainer, understood by the study."""
