"""Build a layer of the user's own that refuses some of the dims that it is given."""

from pathlib import Path

import torch

from qgtune.core.errors import DiagnosticError
from qgtune.nn import LAYERS
from qgtune.training.compiled_spaces import compile_unchecked
from qgtune.training.deep_check import deep_problems


class Thirds(torch.nn.Module):
    """Mixes the features of each node in three groups."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        if out_channels % 3:
            raise ValueError(f"out_channels must be a multiple of 3, but is {out_channels}")
        self.mix = torch.nn.Linear(in_channels, out_channels)

    def forward(self, x, edge_index):
        return self.mix(x)


entries = dict(LAYERS._entries)
LAYERS.register("thirds")(Thirds)
try:
    problems = deep_problems(*compile_unchecked(Path("tuning.yaml"))).diagnostics
finally:
    LAYERS._entries = entries
raise DiagnosticError(problems)
