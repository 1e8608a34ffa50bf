"""Checking one config after another, where most of each is as it was in one that is known to be sound."""

from collections.abc import Callable, Sequence
from typing import Any

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import BLOCKS_KEYS

Find = Callable[[dict[str, Any]], Sequence[ConfigValueError]]


def blocks_key_of(config: dict[str, Any]) -> str:
    """Return the name by which a config's model calls its blocks: gcn_net or encoder."""
    model = config.get("model")
    written = [key for key in BLOCKS_KEYS if isinstance(model, dict) and key in model]
    return written[0] if written else BLOCKS_KEYS[0]


def blocks_of(config: dict[str, Any]) -> list[Any]:
    """Return the blocks of a config's model; none if they are not written as a list."""
    model = config.get("model")
    blocks = model.get(blocks_key_of(config)) if isinstance(model, dict) else None
    return blocks if isinstance(blocks, list) else []


class IncrementalCheck:
    """Finds the problems of configs that differ in few of their blocks.

    The first config without any problem is remembered. Of a later one with as many blocks, only those are
    looked at that are not as they are there, with their neighbours, since the dims of neighbours must meet.
    Where these have a problem, the whole config is looked at, so that what is found is always the same.

    Args:
        find: returns the problems of a whole config.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._sound: list[str] | None = None

    def problems(self, config: dict[str, Any], texts: list[str]) -> Sequence[ConfigValueError]:
        """Return the problems of a config.

        Args:
            config: the config.
            texts: its blocks, each as a text that tells it from every other.
        """
        positions = self._worth_checking(texts)
        if positions is not None and not self._part_problems(config, positions):
            return ()
        found = self._find(config)
        if not found and self._sound is None:
            self._sound = texts
        return found

    def _worth_checking(self, texts: list[str]) -> list[int] | None:
        """Return the positions of the blocks to look at; None for all of them."""
        if self._sound is None or not texts or len(texts) != len(self._sound):
            return None
        last = len(texts) - 1
        found = {0, last}  # what these must fit is no block
        for k, (text, sound) in enumerate(zip(texts, self._sound, strict=True)):
            if text != sound:
                found |= {max(k - 1, 0), k, min(k + 1, last)}
        return sorted(found) if len(found) < len(texts) else None

    def _part_problems(self, config: dict[str, Any], positions: list[int]) -> list[ConfigValueError]:
        """Return the problems of a config of which only some blocks are left."""
        blocks, key = blocks_of(config), blocks_key_of(config)
        part = {**config, "model": {**config["model"], key: [blocks[k] for k in positions]}}
        # After a gap a block need not fit the one that now stands before it. In the config itself it does:
        # both it and what stands before it there are as in the sound one.
        gaps = {i for i in range(1, len(positions)) if positions[i - 1] + 1 < positions[i]}
        unfounded = {("model", key, i, "in_dim") for i in gaps}
        return [problem for problem in self._find(part) if problem.path not in unfounded]
