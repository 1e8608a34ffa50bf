"""The data set of a run: loaded once, held against the configs before the first trial, mapped by all workers.

What built-in data sets hold follows from their settings, and is checked without torch. What a file or a
user's own function holds is known only to a process that has loaded it. The same process leaves what the
function returned in a file of the run.
"""

import contextlib
import multiprocessing
import pathlib
import uuid
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

from qgtune.compiler.data_facts import DataFacts, data_facts
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.task_check import check_loaded
from qgtune.compiler.tuning import Tuning
from qgtune.core.errors import ConfigValueError
from qgtune.core.fork_server import can_fork, interrupts_held_back
from qgtune.core.user_code import load_module


@contextlib.contextmanager
def data_of_run(
    tuning: Tuning, compilation: Compilation, folder: pathlib.Path
) -> Iterator[pathlib.Path | None]:
    """Yield the file of the data set for as long as a run lasts; None if there is no need of one.

    Args:
        tuning: the tuning file, which was checked.
        compilation: its compiled space.
        folder: where the file may be written.

    Raises:
        DiagnosticError: with what does not fit, or with why the data cannot be loaded, at its line.
    """
    store = folder / f".qgtune-{uuid.uuid4().hex}.graphs"
    try:
        check_data_of_run(tuning, compilation, store)
        yield store if store.exists() else None
    finally:
        with contextlib.suppress(OSError):
            store.unlink(missing_ok=True)


def check_data_of_run(tuning: Tuning, compilation: Compilation, store: pathlib.Path | None = None) -> None:
    """Return if the data set fits every config; where its settings do not tell, another process loads it.

    Where that process dies, nothing is said: the workers meet with the same, and have the words for it.

    Args:
        tuning: the tuning file, which was checked.
        compilation: its compiled space.
        store: where that process leaves a data set that nothing else keeps; None: nowhere.

    Raises:
        DiagnosticError: with what does not fit, or with why the data cannot be loaded, at its line.
    """
    settings = tuning.settings
    if settings.task is None or settings.data is None or data_facts(tuning).are_complete:
        return
    forks = can_fork() and settings.start_method != "spawn"
    plugins = tuple(settings.plugins or ())
    found = _from_another_process((plugins, settings.data, tuning.folder.resolve(), store), forks=forks)
    if found is not None:
        check_loaded(tuning, compilation, found)


def facts_of_loaded(
    data: Mapping[str, Any], folder: pathlib.Path, store: pathlib.Path | None = None
) -> DataFacts | ConfigValueError:
    """Return what a data set is, once it is loaded, or why it cannot be; this imports torch."""
    from qgtune.data import load_and_keep, load_dataset

    try:
        if store is None:
            dataset = load_dataset(data, base_dir=folder)
        else:
            dataset = load_and_keep(data, base_dir=folder, store=store)
    except ConfigValueError as error:
        return ConfigValueError(error.path, error.message, error.hint)
    return DataFacts(
        num_node_features=dataset.num_node_features,
        num_classes=dataset.num_classes,
        num_graphs=len(dataset),
        target_names=tuple(target.name for target in dataset.targets),
        num_edge_features=dataset.num_edge_features,
        num_graph_features=dataset.num_graph_features,
        level=dataset.level,
        predicts=dataset.predicts,
    )


def _from_another_process(
    asked: tuple[tuple[str, ...], Mapping[str, Any], pathlib.Path, pathlib.Path | None], *, forks: bool
) -> DataFacts | ConfigValueError | None:
    context = multiprocessing.get_context("forkserver") if forks else multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(theirs, *asked), daemon=True)
    try:
        with interrupts_held_back():
            process.start()
        theirs.close()
        try:
            told = ours.recv()
        except EOFError:
            return None
        process.join()
    finally:
        if process.is_alive():
            process.terminate()
        ours.close()
    if isinstance(told, DataFacts):
        return told
    return ConfigValueError(*told)


def _tell(
    pipe: Connection,
    plugins: tuple[str, ...],
    data: Mapping[str, Any],
    folder: pathlib.Path,
    store: pathlib.Path | None,
) -> None:
    for name in plugins:
        load_module(name, folder)
    found = facts_of_loaded(data, folder, store)
    # The parts of an error, which need not know how to be sent.
    pipe.send(found if isinstance(found, DataFacts) else (found.path, found.message, found.hint))
