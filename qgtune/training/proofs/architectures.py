"""The distinct architectures of a search space: those of a sample of its configs."""

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.stand_ins import RandomTrial
from qgtune.compiler.proving.probe import probe_configs
from qgtune.core.errors import ConfigValueError
from qgtune.nn import registered_names
from qgtune.schema.gnn import (
    ACTIVATIONS,
    BLOCKS_KEYS,
    GRAPH_CLASSIFICATION,
    HEAD_KEYS,
    POOLINGS,
    NetworkConfig,
    parse_shapes,
)
from qgtune.space import EvaluationError


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a search space is looked into."""

    architectures: int = 200
    """Distinct architectures at most."""
    configs: int = 1000
    """Configs at most."""
    seconds: float = 20.0
    """Time after which no further config is drawn."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One way that a model of the space can be built, and the first config that has it.

    ``model`` is what shapes it, or None if the schema refuses the section; ``failure`` is then why.
    """

    config: dict[str, Any]
    model: NetworkConfig | None
    failure: ConfigValueError | None = None


class Survey:
    """Yields the distinct architectures of a plan: those at the corners first, then of random configs.

    The same plan and seed give the same architectures, as far as the time suffices. ``configs`` and
    ``architectures`` count those seen so far, and ``cut_short`` says why there may be more.

    Args:
        plan: the plan.
        seed: of the random configs.
        limits: how far to go.
        task: the task that the configs are for.
    """

    def __init__(
        self, plan: Plan, *, seed: int = 0, limits: Limits | None = None, task: str = GRAPH_CLASSIFICATION
    ) -> None:
        self.limits = limits or Limits()
        self.task = task
        self.configs = 0
        self.architectures = 0
        self.cut_short = ""
        self._configs = itertools.chain(probe_configs(plan), _random_configs(plan, seed))

    def __iter__(self) -> Iterator[Architecture]:
        limits, seen = self.limits, set[str]()
        began = time.monotonic()
        for config in itertools.islice(self._configs, limits.configs):
            self.configs += 1
            if not config:
                continue
            section = _shaping(config.get("model"))
            key = repr(section)
            if key in seen:
                continue
            if self.architectures == limits.architectures:
                self.cut_short = f"the space has more than {limits.architectures} architectures"
                return
            if time.monotonic() - began > limits.seconds:
                self.cut_short = f"the {limits.seconds:g} s for it were over"
                return
            seen.add(key)
            self.architectures += 1
            yield self._architecture(config, section)

    def _architecture(self, config: dict[str, Any], section: Any) -> Architecture:
        try:
            model = parse_shapes(section, task=self.task, names=registered_names())
        except ConfigValueError as error:
            return Architecture(config, None, error)
        return Architecture(config, model)


def has_graph_model(config: Mapping[str, Any]) -> bool:
    """Tell whether a config has the sections of a model that qgtune can build."""
    model = config.get("model")
    return isinstance(model, dict) and all(
        any(key in model for key in keys) for keys in (BLOCKS_KEYS, HEAD_KEYS)
    )


def _shaping(section: Any) -> Any:
    """Return a ``model`` section without what changes no shape: names, dropout, built-in activations."""
    if not isinstance(section, dict):
        return section
    kept = {key: value for key, value in section.items() if key != "name"}
    if kept.get("pooling_layer") in POOLINGS:
        del kept["pooling_layer"]
    for key in BLOCKS_KEYS:
        if isinstance(blocks := kept.get(key), list):
            kept[key] = [_without_activation(block, {"dropout"}) for block in blocks]
    for key in (*HEAD_KEYS, "graph_features_net"):
        if key in kept:
            kept[key] = _without_activation(kept[key], set())
    return kept


def _without_activation(section: Any, others: set[str]) -> Any:
    if not isinstance(section, dict):
        return section
    given = section.get("activation_kwargs", {})
    items = given if isinstance(given, list) else [given]
    harmless = all(isinstance(item, dict) and item.keys() <= {"inplace"} for item in items)
    dropped = set(others)
    if harmless and section.get("activation") in ACTIVATIONS:
        # One mapping for each layer has to be as many as there are layers, so the list itself stays.
        dropped |= {"activation"} if isinstance(given, list) else {"activation", "activation_kwargs"}
    return {key: value for key, value in section.items() if key not in dropped}


def _random_configs(plan: Plan, seed: int) -> Iterator[dict[str, Any]]:
    trial = RandomTrial(seed)
    while plan.suggestions:
        try:
            yield plan.resolve(trial)
        except EvaluationError:
            # Counted as drawn, so that a space in which no expression has a value comes to an end.
            yield {}
