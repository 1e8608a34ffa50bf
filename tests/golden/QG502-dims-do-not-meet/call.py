"""Build what a space can sample; only two choices together give a width that the next layer does not take."""

from pathlib import Path

from qgtune.core.errors import DiagnosticError
from qgtune.training.deep_check import deep_check

raise DiagnosticError(deep_check(Path("tuning.yaml")).diagnostics)
