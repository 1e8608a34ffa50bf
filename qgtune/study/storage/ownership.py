"""Who runs a trial, and whether that process still lives.

A process that is killed leaves its trial RUNNING for ever: no storage of Optuna's says who ran it. So each
trial carries its owner: the host, the process and the moment when that process began, because a number of
a process is given again to another one. On the owner's own host the kernel is asked, which is exact and
takes no time. On another host nobody can ask; there an owner counts as dead once it has been silent for a
grace time.
"""

import functools
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import OWNER, SEEN

GRACE_SECONDS = 600.0
"""After so long without a sign of life an owner on another host counts as dead."""

HEARTBEAT_SECONDS = 60.0
"""So often a run gives a sign of life for its trials."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from every other one that there was or will be."""

    host: str
    machine: str
    """The boot of the host and its space of process numbers: containers may share a host's name."""
    pid: int
    started: str
    """When the process began, in the kernel's ticks since the boot; empty where it cannot be known."""

    @classmethod
    def read(cls, value: Any) -> Self | None:
        """Return the owner that a trial's attribute holds, or None if it is not one."""
        try:
            return cls(str(value["host"]), str(value["machine"]), int(value["pid"]), str(value["started"]))
        except (KeyError, TypeError, ValueError):
            return None

    def is_alive(self) -> bool:
        """Return whether the process lives; only for owners on this machine."""
        if not _exists(self.pid):
            return False
        now = _start_of(self.pid)
        return not (now and self.started) or now == self.started


def this_owner() -> Owner:
    """Return this process as an owner."""
    return _this_owner(os.getpid())


@functools.lru_cache(maxsize=1)  # by the number of the process: a forked child is another owner
def _this_owner(pid: int) -> Owner:
    return owner_of(pid)


def owner_of(pid: int) -> Owner:
    """Return the process of this machine that has the number now."""
    return Owner(socket.gethostname(), _machine(), pid, _start_of(pid))


def owner_attributes() -> dict[str, Any]:
    """Return the attributes with which a trial of this process begins its life."""
    return {OWNER: asdict(this_owner())}


def is_owner_dead(trial: FrozenTrial, grace: float = GRACE_SECONDS, *, alone: bool = False) -> bool:
    """Return whether the process that runs the trial has ended for certain, or has been silent for too long.

    Args:
        trial: a running trial.
        grace: seconds of silence after which an owner on another host, or an unknown one, counts as dead.
        alone: whether the lock on the study's file says that no other process works on it. Then a trial
            without an owner is dead, and one that began on this host before its last boot.
    """
    owner = Owner.read(trial.user_attrs.get(OWNER))
    if owner is not None and owner.machine == _machine():
        return not owner.is_alive()
    if alone and (owner is None or owner.host == socket.gethostname()):
        return True
    return time.time() - _last_sign(trial) > grace


def abandoned_trials(
    study: optuna.Study, grace: float = GRACE_SECONDS, *, alone: bool = False
) -> list[FrozenTrial]:
    """Return the running trials whose owners are dead; see ``is_owner_dead``."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in running if is_owner_dead(trial, grace, alone=alone)]


class Heartbeat:
    """Signs of life of a run's trials, for runs on other hosts.

    The supervisor gives them, so that no trial needs a thread of its own.

    Args:
        study: the study of the trials.
        interval: seconds between two signs.

    Example:
        >>> study = optuna.create_study()
        >>> heartbeat = Heartbeat(study, interval=60.0)
        >>> 0.0 < heartbeat.seconds_left <= 60.0
        True
    """

    def __init__(self, study: optuna.Study, interval: float = HEARTBEAT_SECONDS) -> None:
        self._study = study
        self._interval = interval
        self._next = time.monotonic() + interval

    @property
    def seconds_left(self) -> float:
        """Seconds until the next sign is due; never negative."""
        return max(0.0, self._next - time.monotonic())

    def beat(self, numbers: Iterable[int]) -> bool:
        """Give a sign of life for the trials of these numbers, if it is due, and return whether it was."""
        if self.seconds_left:
            return False
        self._next = time.monotonic() + self._interval
        storage = self._study._storage  # noqa: SLF001 - Study has no public way to give an attribute to another's trial
        for number in numbers:
            try:
                trial_id = storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)  # noqa: SLF001 - as above
                storage.set_trial_user_attr(trial_id, SEEN, round(time.time(), 3))
            except optuna.exceptions.UpdateFinishedTrialError:
                continue  # it ended meanwhile
        return True


def _last_sign(trial: FrozenTrial) -> float:
    """Return when the trial last showed life, in seconds since 1970."""
    signs = [trial.user_attrs.get(SEEN), trial.datetime_start and trial.datetime_start.timestamp()]
    return max((float(sign) for sign in signs if isinstance(sign, int | float)), default=0.0)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_of(pid: int) -> str:
    """Return the moment when a process began, or an empty text where nobody tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    # A zombie has ended: it only waits for its parent to notice.
    return "ended" if fields[0] in "ZX" else fields[19]


@functools.cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - a text, not a path
    except OSError:
        return socket.gethostname()
    return f"{boot} {space}"
