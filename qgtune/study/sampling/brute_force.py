"""Visiting every combination of a space in which some parameters depend on others."""

from typing import Any

from optuna.samplers import BruteForceSampler
from optuna.trial import FrozenTrial

from qgtune.study.attributes import is_lost


class VisitingSampler(BruteForceSampler):
    """Optuna's own, for which a combination is not visited whose trial was lost with its worker."""

    @staticmethod
    def _populate_tree(tree: Any, trials: list[FrozenTrial], params: dict[str, Any]) -> None:
        kept = [trial for trial in trials if not is_lost(trial)]
        BruteForceSampler._populate_tree(tree, kept, params)  # noqa: SLF001 - Optuna has no public way
