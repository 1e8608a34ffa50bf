"""Asking a run to end from outside: its supervisor signs in the run lock, and is sent a signal."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import optuna
from optuna.trial import TrialState

from qgtune.study.attributes import OWNER
from qgtune.study.running.interrupts import STOP_SIGNAL, Interrupts
from qgtune.study.storage.ownership import Owner, this_owner
from qgtune.study.storage.run_lock import RunLock, presence_file
from qgtune.study.storage.storage_address import storage_address


@contextlib.contextmanager
def reachable(lock: RunLock, study_name: str, interrupts: Interrupts) -> Iterator[None]:
    """Let other processes find this one within the block, if it hears their wishes."""
    if not interrupts.hears_wishes:
        yield
        return
    signature = {"study": study_name, **asdict(this_owner())}
    lock.sign(json.dumps(signature))
    try:
        yield
    finally:
        lock.sign(json.dumps({**signature, "ended": True}))


def ask_to_stop(study_name: str, storage: str | Path) -> tuple[int, ...]:
    """Return the process numbers of the runs of a study on this host, after asking each of them to end.

    A run that is asked lets its running trials finish and begins no other one; asked again it does the same.

    Args:
        study_name: the study's name.
        storage: the journal file or the URL that keeps it.
    """
    asked: list[int] = []
    for owner in _supervisors(study_name, presence_file(storage_address(storage).presence)):
        if STOP_SIGNAL is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(owner.pid, STOP_SIGNAL)
                asked.append(owner.pid)
    return tuple(asked)


def hosts_at_work(study: optuna.Study) -> tuple[str, ...]:
    """Return the names of other hosts, or containers, that run trials of a study, as far as trials tell."""
    mine = this_owner()
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    owners = [Owner.read(trial.user_attrs.get(OWNER)) for trial in running]
    return tuple(sorted({owner.host for owner in owners if owner and owner.machine != mine.machine}))


@contextlib.contextmanager
def sole_use(storage: str | Path) -> Iterator[bool]:
    """Hold back runs on a storage within the block; tell whether certainly none is alive.

    Args:
        storage: the journal file or the URL; of a server nobody can tell what other hosts do.
    """
    address = storage_address(storage)
    with RunLock(address.presence) as lock:
        yield lock.claim() and address.file is not None


def _supervisors(study_name: str, file: Path) -> list[Owner]:
    """Return the living processes of this machine that have signed for a study."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    here = this_owner().machine
    found: dict[Owner, bool] = {}
    for line in lines:
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            owner = Owner.read(entry)
            if owner is not None and owner.machine == here and entry.get("study") == study_name:
                found[owner] = bool(entry.get("ended"))
    return [owner for owner, ended in found.items() if not ended and owner.is_alive()]
