"""Studies: where they are kept, how they sample and prune, and runs of many processes that fill them."""

from optuna import Study, Trial
from optuna import TrialPruned as OptunaTrialPruned

from qgtune.study.attributes import PEAK_MEMORY, PRUNED_BECAUSE
from qgtune.study.conditional_spaces import conditional_space_advice
from qgtune.study.create import check_fingerprint, create_study
from qgtune.study.random_trials import random_trials
from qgtune.study.records import best_record, trial_records
from qgtune.study.run_spec import Objective, RunOutcome, RunSpec, WorkerContext, WorkerStartupError
from qgtune.study.storages import open_storage, open_study
from qgtune.study.supervisor import run_trials

__all__ = [
    "PEAK_MEMORY",
    "PRUNED_BECAUSE",
    "Objective",
    "OptunaTrialPruned",
    "RunOutcome",
    "RunSpec",
    "Study",
    "Trial",
    "WorkerContext",
    "WorkerStartupError",
    "best_record",
    "check_fingerprint",
    "conditional_space_advice",
    "create_study",
    "open_storage",
    "open_study",
    "random_trials",
    "run_trials",
    "trial_records",
]
