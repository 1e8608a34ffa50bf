"""Scripts for people without qgtune: what a config means, written out in PyTorch Geometric."""

from qgtune.codegen.contents import (
    DataFacts,
    Factory,
    GraphSource,
    PygClass,
    SavedGraphs,
    ScriptContents,
    Strata,
    TorchFile,
)
from qgtune.codegen.data_code import saved_fields
from qgtune.codegen.script import script_text

__all__ = [
    "DataFacts",
    "Factory",
    "GraphSource",
    "PygClass",
    "SavedGraphs",
    "ScriptContents",
    "Strata",
    "TorchFile",
    "saved_fields",
    "script_text",
]
