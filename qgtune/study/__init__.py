"""Studies: where they are kept, how they sample and prune, and runs of many processes that fill them."""

from optuna import Study, Trial
from optuna import TrialPruned as OptunaTrialPruned

from qgtune.study.attributes import (
    CONFIG,
    FINGERPRINT,
    FOLLOWS,
    PEAK_MEMORY,
    PRUNED_BECAUSE,
    REPEATED_VALUES,
    REUSED_FROM,
    SPACE,
    SPREAD,
)
from qgtune.study.create import check_directions, check_fingerprint, create_study
from qgtune.study.migration import Migration, migrate_study
from qgtune.study.results.axes import plot_axes
from qgtune.study.results.curves import in_memory_copy, intermediate_values
from qgtune.study.results.importance import Importances, importances
from qgtune.study.results.pareto import pareto_front
from qgtune.study.results.plots import MISSING, Picture, can_draw, pictures
from qgtune.study.results.records import best_record, complete_trials, trial_records, value_names
from qgtune.study.running.equal_trials import EqualTrials
from qgtune.study.running.interrupts import ENDS, LateSignals
from qgtune.study.running.launchers import Launching
from qgtune.study.running.run_spec import Objective, RunOutcome, RunSpec, WorkerContext, WorkerStartupError
from qgtune.study.running.runs import run_trials
from qgtune.study.running.stopping import ask_to_stop, hosts_at_work, sole_use
from qgtune.study.running.tally import aim_reached
from qgtune.study.running.worker_process import usable_cores
from qgtune.study.sampling.conditional_spaces import conditional_space_advice
from qgtune.study.sampling.random_trials import random_trials
from qgtune.study.sampling.samplers import SamplerSpec
from qgtune.study.space_change import SpaceChangedError
from qgtune.study.storage.storages import open_storage, open_study, params_written_together

__all__ = [
    "CONFIG",
    "ENDS",
    "FINGERPRINT",
    "FOLLOWS",
    "MISSING",
    "PEAK_MEMORY",
    "PRUNED_BECAUSE",
    "REPEATED_VALUES",
    "REUSED_FROM",
    "SPACE",
    "SPREAD",
    "EqualTrials",
    "Importances",
    "LateSignals",
    "Launching",
    "Migration",
    "Objective",
    "OptunaTrialPruned",
    "Picture",
    "RunOutcome",
    "RunSpec",
    "SamplerSpec",
    "SpaceChangedError",
    "Study",
    "Trial",
    "WorkerContext",
    "WorkerStartupError",
    "aim_reached",
    "ask_to_stop",
    "best_record",
    "can_draw",
    "check_directions",
    "check_fingerprint",
    "complete_trials",
    "conditional_space_advice",
    "create_study",
    "hosts_at_work",
    "importances",
    "in_memory_copy",
    "intermediate_values",
    "migrate_study",
    "open_storage",
    "open_study",
    "params_written_together",
    "pareto_front",
    "pictures",
    "plot_axes",
    "random_trials",
    "run_trials",
    "sole_use",
    "trial_records",
    "usable_cores",
    "value_names",
]
