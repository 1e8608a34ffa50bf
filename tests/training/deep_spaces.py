"""Compiling spaces whose models are built, for tests."""

import pathlib

from qgtune.compiler.load import compile_files
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.document import Source

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = ROOT / "tests" / "guide"


def guide(dependencies=GUIDE / "depmap.yaml"):
    """Return the compilation of the guide's files, with another dependency map or none."""
    return compile_files(GUIDE / "search_space.yaml", dependencies, GUIDE / "base_settings.yaml")


def compiled(space, base, dependencies=None):
    """Return the compilation of three texts."""
    texts = (("space.yaml", space), ("base.yaml", base), ("map.yaml", dependencies))
    return compile_space(
        SpaceSources(*(None if text is None else Source(name, text) for name, text in texts))
    )


TWO_BLOCKS = """\
model:
  gcn_net:
    - {in_dim: 12, out_dim: 16, heads: 2, gnn_layer_type: gat, normalizer: batch_norm, norm_args: [32]}
    - {in_dim: 32, out_dim: 8}
  classifier: {input_dim: 8, output_dims: [2]}
"""
"""Base settings of a model whose first block concatenates two heads."""
