"""What was seen of the widths of many architectures, and what each of them follows."""

from collections.abc import Iterator, Mapping
from typing import Any

from qgtune.compiler.data_facts import DataFacts
from qgtune.core.paths import Path, format_path
from qgtune.nn import Junction, Trace, Tracer
from qgtune.nn.trial_runs import with_leaf
from qgtune.schema.gnn import BLOCKS_KEYS, HEAD_KEYS, POOLINGS, GcnBlockConfig, NetworkConfig, pooling_width
from qgtune.training.proofs.width_formulas import Leaf, Observation, leaves_of_block, width_formula

POOLING: Path = ("model", "pooling_layer")
BESIDE: Path = ("model", "graph_features_net", "output_dim")


class WidthLog:
    """Gathers which width each block gave, and tells what it follows.

    Two numbers may be equal by coincidence. So of each layer type that is seen, one block is built again with
    each of its numbers changed, one at a time.

    Args:
        facts: what is known of the data set.
    """

    def __init__(self, facts: DataFacts) -> None:
        self._facts = facts
        self._tracer = Tracer()
        self._seen: dict[Path, dict[str, Observation]] = {}
        self._beside: dict[Path, set[bool]] = {}
        self._poolings: dict[Path, set[tuple[bool, int]]] = {}
        self._blocks: dict[tuple[Path, str], tuple[GcnBlockConfig, dict[Path, Leaf]]] = {}

    def trace(self, config: Mapping[str, Any], model: NetworkConfig) -> Trace:
        """Return what building an architecture part by part shows, and remember the widths.

        Args:
            config: a config that has the architecture.
            model: its section ``model``.
        """
        trace = self._tracer.trace(
            model,
            num_node_features=self._facts.num_node_features,
            num_classes=self._facts.num_classes,
            num_graph_features=self._facts.num_graph_features,
        )
        for junction in trace.junctions:
            self._note(config, model, junction)
        return trace

    def width(self, block: GcnBlockConfig) -> int | None:
        """Return how many features a block gives for each node, or None if it cannot be built."""
        return self._tracer.width(block)

    def _note(self, config: Mapping[str, Any], model: NetworkConfig, junction: Junction) -> None:
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
        # What each of several poolings yields; of one of the user's own that is not known.
        factor = pooling_width(model, 1) if of_the_head else 1
        width = (junction.needed - junction.beside) // (factor or 1)
        self._add(junction.target, Observation(leaves, width))
        self._beside.setdefault(junction.target, set()).add(junction.beside > 0)
        self._poolings.setdefault(junction.target, set()).add((isinstance(pooling, list), factor or 1))
        block = model.gcn_net[k]
        if factor is not None:
            self._blocks.setdefault((junction.target, block.gnn_layer_type), (block, leaves))

    def formula(self, target: Path) -> str | None:
        """Return the expression that ``target`` should follow, or None if none is found."""
        for (path, _), (block, leaves) in list(self._blocks.items()):
            if path == target:
                for changed, others in _neighbours(block, leaves):
                    width = self._tracer.width(changed)
                    if width is not None:
                        self._add(target, Observation(others, width))
        formula = width_formula(list(self._seen.get(target, {}).values()))
        return None if formula is None else self._of_the_head(target, formula)

    def _of_the_head(self, target: Path, formula: str) -> str | None:
        """Return the formula times the number of poolings, plus the width of what stands beside them.

        None if that cannot be said: only in some architectures a pooling is written as a list, or there is a
        network of graph features whose width could be added.
        """
        poolings, beside = self._poolings.get(target, set()), self._beside.get(target, set())
        factors = {factor for _, factor in poolings} or {1}
        if len(beside) > 1 or (len(factors) > 1 and {is_list for is_list, _ in poolings} != {True}):
            return None
        times = f"len({format_path(POOLING)})" if len(factors) > 1 else str(max(factors))
        times = "" if times == "1" else f" * {times}"
        plus = f" + {format_path(BESIDE)}" if True in beside else ""
        if " if " in formula and (times or plus):
            formula = f"({formula})"
        return f"{formula}{times}{plus}"

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
