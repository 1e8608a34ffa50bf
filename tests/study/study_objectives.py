"""Objectives that worker processes can import."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import optuna
from threadpoolctl import threadpool_info

from qgtune.core.errors import ConfigValueError, TrialPruned


def wait_for(path):
    """Wait until a file is there, for as long as the busiest machine may need."""
    deadline = time.monotonic() + 300
    while not Path(path).exists():
        assert time.monotonic() < deadline, f"nobody made {path}"
        time.sleep(0.005)


def kill_once(flag):
    """Kill this process, unless another one has got here before."""
    try:
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def parabola(_context):
    def objective(trial):
        return trial.suggest_float("x", -1.0, 1.0) ** 2

    return objective


def grid_value(trial):
    """Six combinations of a number and a letter."""
    return float(trial.suggest_int("x", 0, 2)) + (trial.suggest_categorical("y", ("a", "b")) == "b")


def wide(trial):
    return float(trial.suggest_int("x", 0, 10**6 - 1))


def told(trial):
    """Low values of x are good, but break a constraint, of which the sampler is told."""
    x = trial.suggest_float("x", 0.0, 1.0)
    if x < 0.5:
        trial.set_constraint("x", 1.0)
        raise optuna.TrialPruned
    return x


def untold(trial):
    """The same, but a trial that breaks the constraint looks like any good one."""
    return trial.suggest_float("x", 0.0, 1.0)


def broken(trials):
    """Return how many trials broke the constraint."""
    return sum(trial.params["x"] < 0.5 for trial in trials)


def grid_cells(_context):
    return grid_value


def grid_cells_of_which_one_kills(flag, _context):
    """Kill the worker once, in a trial that knows its combination already."""

    def objective(trial):
        value = grid_value(trial)
        if trial.number >= 2:
            kill_once(flag)
        return value

    return objective


def two_values(_context):
    def objective(trial):
        x = trial.suggest_float("x", -1.0, 1.0)
        return x, 1.0 - x

    return objective


def pruned_by_median(_context):
    """Even trials are good; odd ones are bad from the first report on."""

    def objective(trial):
        value = float(trial.number % 2)
        for step in range(11):
            trial.report(value, step)
            if trial.should_prune():
                raise TrialPruned(f"not promising at step {step}")
        return value

    return objective


def kills_its_worker_once(flag, _context):
    def objective(trial):
        kill_once(flag)
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def always_kills_its_worker(_context):
    def objective(_trial):
        os.kill(os.getpid(), signal.SIGKILL)

    return objective


def fails_on_odd(_context):
    def objective(trial):
        if trial.number % 2:
            raise ValueError(f"shapes differ:\n  3 and 4 in trial {trial.number}")
        return 1.0

    return objective


def always_fails(_context):
    def objective(trial):
        raise RuntimeError(f"no luck in trial {trial.number}")

    return objective


def returns(value, _context):
    return lambda _trial: value


def exits(_context):
    return lambda _trial: sys.exit("enough")


def rejects_the_config(_context):
    raise ConfigValueError(("data", "name"), "no data set is named 'x'", "did you mean 'y'?")


def breaks_at_startup(_context):
    raise ZeroDivisionError("at startup")


def leaves_at_startup(_context):
    os._exit(7)


def notifies(context):
    context.notify("the data set has one class only")
    context.notify("the data set has one class only")
    return lambda _trial: 0.0


def threads_of_this_worker(context):
    def objective(trial):
        trial.set_user_attr("threads", [context.n_threads, int(os.environ["OMP_NUM_THREADS"])])
        return 0.0

    return objective


def torch_threads(_context):
    import torch

    return lambda _trial: float(torch.get_num_threads())


def meets_a_second_thread(_context):
    """Two trials at a time, or none ends: each waits for the other."""
    barrier = threading.Barrier(2)

    def objective(trial):
        barrier.wait(timeout=300)
        return float(trial.number)

    return objective


def meets_a_second_process(folder, context):
    """No trial ends before every worker has one."""

    def objective(trial):
        (Path(folder) / f"worker-{context.worker}").touch()
        for worker in range(context.n_processes):
            wait_for(Path(folder) / f"worker-{worker}")
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def waits_for_a_file(path, _context):
    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        wait_for(path)
        return x

    return objective


def waits_from_the_fourth_trial_on(path, _context):
    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.number >= 4:
            wait_for(path)
        return x

    return objective


def prunes_by_optuna(_context):
    def objective(_trial):
        raise optuna.TrialPruned

    return objective


def fails_with_words_of_qgtune(_context):
    def objective(_trial):
        raise ConfigValueError(("model", "dim"), "a dimension is positive, it is -1")

    return objective


def removes(path, _context):
    """Remove a file's folder, file and all, in the third trial."""

    def objective(trial):
        if trial.number == 2:
            shutil.rmtree(Path(path).parent)
        return float(trial.number)

    return objective


def writes_much(_context):
    def objective(trial):
        trial.set_user_attr("much", "x" * 5_000)
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def kills_its_worker_at(low, _context):
    """Kill the worker wherever x is above ``low``."""

    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        if x > low:
            os.kill(os.getpid(), signal.SIGKILL)
        return x

    return objective


def asks_to_end_the_server(path, _context):
    """Ask for the end of the storage's server in the second trial."""

    def objective(trial):
        if trial.number == 1:
            Path(path).touch()
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def takes_a_moment(seconds, _context):
    """A value that follows from the parameter alone, after a short while."""

    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        time.sleep(float(seconds))
        return x * x

    return objective


def waits_at_startup(begun, go, _context):
    Path(begun).touch()
    wait_for(go)
    return lambda _trial: 0.0


def first_trial_waits_for_a_file(path, _context):
    def objective(trial):
        if trial.number == 0:
            wait_for(path)
        return float(trial.number)

    return objective


def first_trial_waits_for_the_last(path, total, _context):
    """The first trial is as long as all the others together."""

    def objective(trial):
        if trial.number == total - 1:
            Path(path).touch()
        if trial.number == 0:
            wait_for(path)
        return float(trial.number)

    return objective


def worker_sees_gpus(folder, context):
    """What each worker sees, once every worker has a trial."""
    meet = meets_a_second_process(folder, context)

    def objective(trial):
        trial.set_user_attr("gpus", os.environ.get("CUDA_VISIBLE_DEVICES"))
        return meet(trial)

    return objective


def number_of_trial(_context):
    return lambda trial: float(trial.number)


def takes_no_time(_context):
    return lambda trial: trial.suggest_float("x", 0.0, 1.0)


def cancels_once(_context):
    """The first trial ends with an exception that is no Exception; two run at a time."""

    def objective(trial):
        if trial.number == 0:
            raise asyncio.CancelledError
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def interrupts_itself(_context):
    def objective(trial):
        if trial.number % 2:
            raise KeyboardInterrupt
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def stops_its_study(_context):
    def objective(trial):
        if trial.number == 2:
            trial.study.stop()
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def waits_and_tells(path, _context):
    """Leave a line for each end of a trial, whoever still waits for it."""

    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        wait_for(path)
        with Path(f"{path}.ended").open("a") as file:
            file.write(f"{os.getpid()} {trial.number}\n")
        return x

    return objective


def leaves_with_once(code, flag, _context):
    def objective(trial):
        if not Path(flag).exists():
            Path(flag).touch()
            os._exit(code)
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def cannot_begin_again(folder, _context):
    """The first worker is killed in its first trial, the second one cannot begin, the third one can."""
    starts = len(list(Path(folder).glob("start-*")))
    (Path(folder) / f"start-{starts}").touch()
    if starts == 1:
        raise MemoryError("no room for the data")

    def objective(trial):
        if starts == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def kills_its_worker_after(path, seconds, _context):
    """Kill the worker so many seconds after the moment that stands in a file."""

    def objective(trial):
        trial.suggest_float("x", 0.0, 1.0)
        while time.monotonic() < float(Path(path).read_text()) + seconds:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)

    return objective


def threads_of_numpy(_context):
    import numpy as np

    assert np.ones(2).sum() == 2.0

    def objective(trial):
        found = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
        trial.set_user_attr("threads", found)
        return 0.0

    return objective


def variable_of_the_environment(name, _context):
    return lambda _trial: float(os.environ.get(name, "-1"))


def sockets_of_a_child(path, _context):
    """Have a child of the worker count the sockets that it has, and the worker its own."""

    def objective(_trial):
        mine = len(open_sockets())
        pid = os.fork()
        if pid == 0:
            Path(path).write_text(f"{mine} {len(open_sockets())}")
            os._exit(0)
        os.waitpid(pid, 0)
        return 0.0

    return objective


def open_sockets():
    links = []
    for entry in os.scandir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            links.append(str(Path(entry).readlink()))
    return [link for link in links if link.startswith("socket:")]


def takes_its_company_along(folder, _context):
    """Kill the worker wherever x is above 0.5, at first only once another trial runs beside it."""
    met, killed = Path(folder) / "met", Path(folder) / "killed"

    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        if x > 0.5:
            wait_for(met)
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        met.touch()
        wait_for(killed)
        time.sleep(0.3)  # long enough for another thread to kill it
        return x

    return objective
