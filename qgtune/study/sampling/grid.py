"""Sampling every combination once, whatever the number of workers and however often they are killed."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from optuna import Study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import is_lost
from qgtune.study.sampling.combinations import Combinations
from qgtune.study.sampling.sampler import NamedDrawsSampler, shared_seed, trial_seed

CELL = "qgtune:grid_cell"
"""On a trial: the number of the combination that it has, or is about to have."""

_ROUNDS = 4
_ATTEMPTS = 50


class CellSampler(NamedDrawsSampler):
    """Gives each trial a combination that no other trial of the study has.

    Trial n takes combination n of an order that the seed shuffles. Combinations that enqueued trials have
    are passed over, and those whose trial was lost with its worker come at the end. A trial says in the
    study which combination it is about to take, and looks whether another has said the same: of two workers
    at least the later one sees it, and looks for another. After the last combination it begins anew.

    Args:
        combinations: what there is to try.
        seed: shuffles the order; None for an order that the study keeps.

    Example:
        >>> import optuna
        >>> from qgtune.study.sampling.combinations import Product
        >>> study = optuna.create_study(sampler=CellSampler(Product({"x": ("a", "b"), "y": (1, 2)}), 3))
        >>> trials = [study.ask() for _ in range(4)]
        >>> sorted(f"{t.suggest_categorical('x', ('a', 'b'))}{t.suggest_int('y', 1, 2)}" for t in trials)
        ['a1', 'a2', 'b1', 'b2']
    """

    def __init__(self, combinations: Combinations, seed: int | None) -> None:
        self._combinations = combinations
        self._seed = seed
        self._cells: dict[int, int] = {}
        self._ended: dict[int, int | None] = {}
        """The combinations of trials that have ended, by number; None for those that leave it to others."""
        self.size = combinations.size

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Take a combination for the trial."""
        own = self._combinations.number_of(trial.system_attrs.get("fixed_params", {}))
        self._cells[trial.number] = self._claim(study, trial) if own is None else own

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value that the trial's combination has for the parameter."""
        params = self._combinations.params_of(self._cells[trial.number])
        if param_name in params and _holds(param_distribution, params[param_name]):
            return params[param_name]
        # The trial was enqueued with some of its values, and these have led it to another combination.
        random = RandomSampler(trial_seed(shared_seed(study, self._seed), trial.number))
        return random.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: Study,  # noqa: ARG002 - Optuna's signature
        trial: FrozenTrial,
        state: TrialState,  # noqa: ARG002 - Optuna's signature
        values: Sequence[float] | None,  # noqa: ARG002 - Optuna's signature
    ) -> None:
        """Forget the combination of the trial; the study knows it."""
        self._cells.pop(trial.number, None)

    def _claim(self, study: Study, trial: FrozenTrial) -> int:
        """Return a combination that no other trial has, after saying so in the study."""
        seed = shared_seed(study, self._seed)
        cell = 0
        for attempt in range(_ATTEMPTS):
            cell = self._free_cell(trial.number, self._taken(study, trial.number), seed)
            # Study has no public way to give an attribute to a trial that is only about to begin.
            study._storage.set_trial_user_attr(trial._trial_id, CELL, cell)  # noqa: SLF001 - see above
            if cell not in self._taken(study, trial.number) or self._repeats(study):
                return cell
            time.sleep(0.001 * (attempt + 1) * (1 + trial.number % 5))
        return cell

    def _repeats(self, study: Study) -> bool:
        """Return whether all combinations are taken, so that one has to be taken twice."""
        return len(self._taken(study, -1)) >= self.size

    def _taken(self, study: Study, number: int) -> set[int]:
        """Return the combinations of all trials but one; those of lost trials are free again."""
        taken: set[int] = set()
        for trial in study.get_trials(deepcopy=False):
            if trial.number == number:
                continue
            if trial.number in self._ended:
                cell = self._ended[trial.number]
            else:
                cell = None if is_lost(trial) else self._cell_of(trial)
                if trial.state.is_finished():
                    self._ended[trial.number] = cell
            if cell is not None:
                taken.add(cell)
        return taken

    def _cell_of(self, trial: FrozenTrial) -> int | None:
        """Return the number of the combination that a trial has, or is about to have.

        Its parameters tell. What it has said in the study counts only before it has all of them: numbers were
        others before a range became wider, or choices were added.
        """
        params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
        cell = self._combinations.number_of(params)
        said = trial.user_attrs.get(CELL)
        if cell is not None or said is None or int(said) >= self.size:
            return cell
        told = self._combinations.params_of(int(said))
        return int(said) if all(told.get(name) == value for name, value in params.items()) else None

    def _free_cell(self, number: int, taken: set[int], seed: int) -> int:
        """Return the trial's own combination, or else one that others left, or else one from the end."""
        if number < self.size and (own := shuffled(number, self.size, seed)) not in taken:
            return own
        end = min(number, self.size)
        for position in (*range(end), *range(self.size - 1, end - 1, -1)) if len(taken) < self.size else ():
            if (cell := shuffled(position, self.size, seed)) not in taken:
                return cell
        return shuffled(number % self.size, self.size, seed)


def _holds(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, IntDistribution | FloatDistribution)  # noqa: S101 - Optuna has these three
    return isinstance(value, int | float) and distribution.low <= value <= distribution.high


def shuffled(position: int, size: int, seed: int) -> int:
    """Return what stands at a position of the numbers below ``size`` in an order that the seed shuffles.

    A Feistel network on the next power of four, walked until it meets a number below ``size``, so that no
    order of billions is ever held. See Black and Rogaway, "Ciphers with arbitrary finite domains", 2002.

    Example:
        >>> sorted(shuffled(position, 10, seed=1) for position in range(10)) == list(range(10))
        True
    """
    bits = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    number = position
    while True:
        left, right = number >> bits, number & ((1 << bits) - 1)
        for turn in range(_ROUNDS):
            digest = hashlib.sha256(f"{seed}:{turn}:{right}".encode()).digest()
            left, right = right, left ^ (int.from_bytes(digest, "big") & ((1 << bits) - 1))
        number = left << bits | right
        if number < size:
            return number
