"""Whether a data set, once it is loaded, is such as the configs of a run need: told before the first trial.

What built-in data sets hold follows from their settings, and is checked without torch. What a file or a
user's own function holds is known only to a process that has loaded it.
"""

import multiprocessing
import pathlib
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from qgtune.compiler.data_facts import DataFacts, data_facts
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.task_check import check_loaded
from qgtune.compiler.tuning import Tuning
from qgtune.core.errors import ConfigValueError
from qgtune.core.fork_server import can_fork, interrupts_held_back
from qgtune.schema.gnn import TASK_SCHEMAS


def check_data_of_run(tuning: Tuning, compilation: Compilation) -> None:
    """Return if the data set fits every config; where its settings do not tell, another process loads it.

    Where that process dies, nothing is said: the workers meet with the same, and have the words for it.

    Raises:
        DiagnosticError: with what does not fit, or with why the data cannot be loaded, at its line.
    """
    settings = tuning.settings
    if settings.task not in TASK_SCHEMAS or settings.data is None or data_facts(tuning).are_complete:
        return
    forks = can_fork() and settings.start_method != "spawn"
    found = _from_another_process(settings.data, tuning.folder.resolve(), forks=forks)
    if found is not None:
        check_loaded(tuning, compilation, found)


def facts_of_loaded(data: Mapping[str, Any], folder: pathlib.Path) -> DataFacts | ConfigValueError:
    """Return what a data set is, once it is loaded, or why it cannot be; this imports torch."""
    from qgtune.data import load_dataset

    try:
        dataset = load_dataset(data, base_dir=folder)
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
    data: Mapping[str, Any], folder: pathlib.Path, *, forks: bool
) -> DataFacts | ConfigValueError | None:
    context = multiprocessing.get_context("forkserver") if forks else multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(theirs, dict(data), folder), daemon=True)
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


def _tell(pipe: Connection, data: dict[str, Any], folder: pathlib.Path) -> None:
    found = facts_of_loaded(data, folder)
    # The parts of an error, which need not know how to be sent.
    pipe.send(found if isinstance(found, DataFacts) else (found.path, found.message, found.hint))
