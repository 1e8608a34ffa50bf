"""Outputs: the files that a run leaves, while it runs and afterwards."""

from qgtune.outputs.files import OutputFiles, check_outputs
from qgtune.outputs.writer import OutputWriter

__all__ = ["OutputFiles", "OutputWriter", "check_outputs"]
