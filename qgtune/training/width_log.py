"""What was seen of the widths of many architectures, and what each of them follows."""

from collections.abc import Iterator, Mapping
from typing import Any

from qgtune.core.paths import Path, format_path
from qgtune.nn import Junction, Tracer
from qgtune.nn.trial_runs import with_leaf
from qgtune.schema.gnn import (
    BLOCKS_KEYS,
    HEAD_KEYS,
    POOLINGS,
    GcnBlockConfig,
    NetworkConfig,
    pooling_width,
)
from qgtune.training.width_formulas import Leaf, Observation, leaves_of_block, width_formula

POOLING: Path = ("model", "pooling_layer")
BESIDE: Path = ("model", "graph_features_net", "output_dim")


class WidthLog:
    """Gathers which width each block gave, and tells what it follows.

    Two numbers may be equal by coincidence. So of each layer type that is seen, one block is built again with
    each of its numbers changed, one at a time.

    Args:
        tracer: builds the changed blocks.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._seen: dict[Path, dict[str, Observation]] = {}
        self._beside: dict[Path, set[bool]] = {}
        self._blocks: dict[tuple[Path, str], tuple[GcnBlockConfig, dict[Path, Leaf], int]] = {}

    def note(self, config: Mapping[str, Any], model: NetworkConfig, junction: Junction) -> None:
        """Remember what a junction of an architecture showed; ``config`` is the one that has it."""
        if not _is_in_a_block(junction.source):
            return
        k = int(junction.source[2])
        # The last block is the last one also where another architecture has more of them.
        of_the_head = is_head_input(junction.target)
        position = -1 if of_the_head else k
        leaves = leaves_of_block(config["model"][model.blocks_key][k], (*junction.source[:2], position))
        pooling = config["model"].get(POOLING[-1])
        if of_the_head and isinstance(pooling, str) and pooling not in POOLINGS:
            leaves[POOLING] = pooling
        self._add(junction.target, Observation(leaves, junction.needed - junction.beside))
        self._beside.setdefault(junction.target, set()).add(junction.beside > 0)
        block = model.gcn_net[k]
        factor = pooling_width(model, 1) if of_the_head else 1
        if factor is not None:
            self._blocks.setdefault((junction.target, block.gnn_layer_type), (block, leaves, factor))

    def formula(self, target: Path) -> str | None:
        """Return the expression that ``target`` should follow, or None if none is found."""
        for (path, _), (block, leaves, factor) in list(self._blocks.items()):
            if path == target:
                for changed, others in _neighbours(block, leaves):
                    width = self._tracer.width(changed)
                    if width is not None:
                        self._add(target, Observation(others, width * factor))
        formula = width_formula(list(self._seen.get(target, {}).values()))
        beside = self._beside.get(target, {False})
        if formula is None or beside == {False}:
            return formula
        # A network that only some architectures have has no width in the others that could be added.
        first = f"({formula})" if " if " in formula else formula
        return f"{first} + {format_path(BESIDE)}" if beside == {True} else None

    def _add(self, target: Path, observation: Observation) -> None:
        self._seen.setdefault(target, {}).setdefault(repr(observation), observation)


def is_head_input(path: Path) -> bool:
    """Tell whether a path is that of the width which the head is given."""
    return len(path) == 3 and path[0] == "model" and path[1] in HEAD_KEYS and path[2] == "input_dim"


def _is_in_a_block(path: Path) -> bool:
    return path[:1] == ("model",) and path[1] in BLOCKS_KEYS


def _neighbours(
    block: GcnBlockConfig, leaves: Mapping[Path, Leaf]
) -> Iterator[tuple[GcnBlockConfig, dict[Path, Leaf]]]:
    """Yield a block with one of its numbers changed, and its leaves."""
    # What normalizes the old width would refuse the new one.
    bare = block.model_copy(update={"normalizer": "identity"})
    for path, value in leaves.items():
        if type(value) is int and _is_in_a_block(path):
            key, *below = path[3:]
            # Twice the dim, since a layer may want multiples; one more of what a dim may be multiplied by.
            other = 2 * value if key in {"in_dim", "out_dim"} else value + 1
            changed = with_leaf(getattr(bare, str(key)), below, other)
            yield bare.model_copy(update={str(key): changed}), {**leaves, path: other}
