"""What a run is asked for, what an objective is told, and what comes out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna

from qgtune.core.errors import QgtuneError
from qgtune.core.trials import TrialRecord
from qgtune.schema.sampler_settings import Choice
from qgtune.study.running.launchers import Launching
from qgtune.study.sampling.samplers import SamplerSpec

Objective = Callable[[optuna.Trial], float | Sequence[float]]


class WorkerStartupError(QgtuneError):
    """A worker process could not build its objective; the text is what happened there, in full."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What a worker process tells the objective that it builds."""

    worker: int
    """The worker's index, from 0."""
    n_processes: int
    n_threads: int
    """Threads of computation that each trial may use; torch is set to it already."""
    notify: Callable[[str], None]
    """Shows a text to the user; the same text is shown once in a run, whoever says it."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A run, in values that can be sent to worker processes."""

    study_name: str
    total: int
    """Finished trials that the study shall have in the end, those of earlier runs included."""
    make_objective: Callable[[WorkerContext], Objective]
    """A function at the top level of a module, or a functools.partial of one. Called once in each worker."""
    directions: tuple[str, ...] = ("minimize",)
    metrics: tuple[str, ...] = ()
    """With several directions, what each value is called; kept with the study, as Optuna's plots read it."""
    storage: str | None = None
    """The journal file; None keeps the study only for as long as the run lasts."""
    seed: int | None = None
    sampler: SamplerSpec = field(default_factory=SamplerSpec)
    pruner: Choice | None = None
    """None for the default: the median rule, or none at all with several directions."""
    fingerprint: str = ""
    """The search space's; a study goes on only with the one that it was begun with. Empty: not checked."""
    space: str = ""
    """The search space in canonical form, as JSON. Empty: fingerprints alone are compared."""
    n_processes: int = 1
    n_jobs: int = 1
    """Trials at a time in each process, in threads."""
    timeout: float | None = None
    """Seconds after which no trial is begun; trials that run may finish."""
    more: int | None = None
    """Finished trials that this run shall add, whatever the study has; None: as many as ``total`` lacks."""
    target: float | None = None
    """Once a trial reaches this value, no further one is begun; for one direction only."""
    patience: int | None = None
    """How many trials in a row may finish without a new best one before no further one is begun."""
    enqueue: tuple[dict[str, Any], ...] = ()
    """Parameters to try first, by name, as the study stores them; each once, whenever the run goes on."""
    set_threads: Callable[[int], None] | None = None
    """Sets the threads of a torch that is loaded already, where environment variables come too late."""
    preload: tuple[str, ...] = ()
    """Modules that the server which forks the workers loads once for all of them."""
    start_method: str = "auto"
    """``fork``, ``spawn``, or ``auto``, which forks where the system can."""
    on_worker_death: str = "retry"
    """What becomes of the parameters of a trial whose worker died: ``retry`` tries them again, in a trial
    of their own, until three workers in a row have died with them; ``fail`` leaves them."""

    launching: Launching | None = None
    """How processes are started elsewhere that join this run; None: workers are this process's own."""
    joins: bool = False
    """Whether this run was started by the launcher of another one, which keeps the study in order."""

    @property
    def retries(self) -> bool:
        """Whether the parameters of a lost trial are tried again."""
        return self.on_worker_death == "retry"


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended, and every trial of its study."""

    records: tuple[TrialRecord, ...]
    resumed_from: int = 0
    """Finished trials that the study had before this run."""
    finished: int = 0
    """Finished trials that count, those of earlier runs included."""
    total: int = 0
    """Finished trials that the study was to have in the end."""
    interrupted: bool = False
    ended_by: int = 0
    """The signal that ended the run at once, SIGTERM or SIGHUP, by its number; 0 if there was none."""
    timed_out: bool = False
    stopped_early_reason: str = ""
    """Why the run gave up before its total; empty if it did not."""
    goal_reached: str = ""
    """Why no further trial was needed before the total; empty if it was not so."""
    first_failure: str = ""
    """Why the first trial of this run that failed did so, in one line; empty if none did."""
    first_traceback: str = ""
    """Its traceback; empty for an error of qgtune's own, whose text says all."""
