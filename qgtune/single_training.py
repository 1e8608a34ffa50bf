"""One config trained by its task as it stands, and trained models measured on other data."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qgtune.compiler.files import shown_path
from qgtune.compiler.runnable import RunnableConfig
from qgtune.compiler.task_check import example_metric
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.wording import reason_of
from qgtune.outputs.files import shown
from qgtune.outputs.training_files import MODEL, TrainingFiles
from qgtune.schema.data_paths import rebased_data
from qgtune.schema.gnn import TASK_SCHEMAS

if TYPE_CHECKING:
    from qgtune.data import GraphDataset
    from qgtune.training import EpochResult, SupervisedTask, TrainedModel, TrainingResult

ALL = "all"
"""The section that is every graph, or every node, of a data set."""


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """A trained model, the folder that holds it, and whether it had been trained before."""

    model: "TrainedModel"
    folder: pathlib.Path
    is_old: bool
    samples: Mapping[str, int] = field(default_factory=dict)
    """How many samples each section had; of a training that is not repeated nobody counts them again."""


def output_folder(config: pathlib.Path) -> pathlib.Path:
    """Return the folder for what the training of a config leaves, unless another one is asked for.

    Example:
        >>> output_folder(pathlib.Path("runs/digits/best_config.yaml")).as_posix()
        'runs/digits/best_config_trained'
    """
    return config.with_name(f"{config.stem}_trained")


def train_config(
    runnable: RunnableConfig,
    folder: pathlib.Path,
    *,
    on_epoch: Callable[["EpochResult"], None],
    on_notice: Callable[[str], None],
    again: bool = False,
) -> TrainingOutcome:
    """Return the model that a config gives, trained on all of its training data, and leave it in a folder.

    A training that was killed goes on where its last checkpoint was written; one that had come to its end is
    not repeated. The folder then holds ``model.pt``, ``metrics.json`` with the metrics of the validation and
    the testing part, ``history.csv`` with a row for each epoch, and ``config.yaml``.

    Args:
        runnable: the config, its task and its data.
        folder: where the results go; made if there is none.
        on_epoch: called after each epoch.
        on_notice: called with each thing worth knowing that stops nothing.
        again: train anew, whatever the folder holds.

    Raises:
        DiagnosticError: for a value of the config or of its data that cannot be used.
        TrainingError: if the training diverges.
        QgtuneError: if the folder cannot be written, or holds the model of another config or files of
            somebody else.
    """
    files = TrainingFiles(folder, runnable, on_notice)
    files.check()
    # torch takes seconds to import, and what can be refused without it never gets here.
    from qgtune.data import load_dataset

    purpose = _purpose(runnable, folder)
    if not again and (old := _finished(folder, purpose)) is not None:
        return TrainingOutcome(old, folder, is_old=True)
    task, metric = _supervised(runnable.task), runnable.metric or default_metric(runnable.task)

    def after_epoch(result: "EpochResult") -> None:
        files.add_epoch(result)
        on_epoch(result)

    with _told(runnable):
        dataset = load_dataset(_all_of(runnable.data), base_dir=runnable.folder)
        result = task.train(
            runnable.config,
            dataset,
            metric=metric,
            on_epoch=after_epoch,
            on_notice=on_notice,
            output_dir=folder,
            trial_number=0,
            resume=not again,
            save=True,
        )
        model = _trained_model(purpose, metric, result, _measured(task, runnable.config, dataset, result))
        parts = task.split(task.parse(runnable.config), dataset)
        files.write(model)
    samples = {section: len(indices) for section, indices in parts.items() if len(indices)}
    return TrainingOutcome(model, folder, is_old=False, samples=samples)


@contextlib.contextmanager
def _told(runnable: RunnableConfig) -> Iterator[None]:
    """Have what ends a training told as a problem of the config, or of a file."""
    try:
        yield
    except ConfigValueError as error:
        raise DiagnosticError((runnable.diagnostic(error),)) from error
    except OSError as error:
        if error.filename is None:  # none of ours: nobody reads any more what is printed, say
            raise
        kept = "what is there stays as it is, and the same command goes on from the last checkpoint"
        raise QgtuneError(f"the training cannot go on: {shown(error)}: {reason_of(error)}; {kept}") from error


def _measured(
    task: "SupervisedTask", config: dict[str, Any], dataset: "GraphDataset", result: "TrainingResult"
) -> dict[str, dict[str, float]]:
    """Return the metrics of each section that a config has besides its training."""
    metrics = {"validation": dict(result.metrics)}
    if config.get("testing") is not None:
        metrics["testing"] = task.evaluate(config, dataset, result.model, section="testing")
    return metrics


def _trained_model(
    purpose: Mapping[str, Any], metric: str, result: "TrainingResult", metrics: dict[str, dict[str, float]]
) -> "TrainedModel":
    """Return what a training has come to, with what it was for."""
    from qgtune.training import TrainedModel

    how: dict[str, Any] = {
        "metric": metric,
        "epoch": result.epoch,
        "epochs": result.epochs,
        "metrics": metrics,
    }
    return TrainedModel(**purpose, **how, weights=result.model.state_dict())


def evaluate_file(
    path: pathlib.Path,
    data: Mapping[str, Any] | None = None,
    base_dir: pathlib.Path | None = None,
    section: str | None = None,
) -> tuple["TrainedModel", str, dict[str, float]]:
    """Return a trained model, the section it was measured on, and its metrics there.

    Args:
        path: a ``model.pt``, or the folder that holds it.
        data: the settings of another data set; None for the one that the model was trained on.
        base_dir: what relative paths of ``data`` start from.
        section: ``training``, ``validation``, ``testing`` or ``all``; by default ``testing`` of the model's
            own data, and ``all`` of other data.

    Raises:
        ConfigValueError: for a setting of the data that cannot be used, or data that the model does not fit.
        ModelFileError: if there is no trained model.
    """
    from qgtune.data import load_dataset
    from qgtune.training import read_model

    file = path / MODEL if path.is_dir() else path
    model = read_model(file)
    own = data is None
    dataset = load_dataset(
        _all_of(model.data if data is None else data),
        base_dir=file.parent if own else base_dir or pathlib.Path(),
    )
    task = _supervised(model.task)
    network = task.build_model(model.config)
    try:
        network.load_state_dict(dict(model.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise QgtuneError(f"the weights of {shown_path(file)} do not fit its config: {reason}") from error
    chosen = section or ("testing" if own else ALL)
    return (
        model,
        chosen,
        task.evaluate(model.config, dataset, network, section=None if chosen == ALL else chosen),
    )


def default_metric(task: str) -> str:
    """Return the metric that chooses the best epoch where the config names none.

    Example:
        >>> default_metric("graph_classification"), default_metric("graph_regression")
        ('f1_weighted', 'loss')
    """
    return example_metric(TASK_SCHEMAS.get(task))


def _supervised(name: str) -> "SupervisedTask":
    """Return a task that can go on with a training, and measure its model again.

    Raises:
        QgtuneError: if there is no such task, or if it can do no more than run a trial.
    """
    from qgtune.training import TASKS, SupervisedTask

    if name not in TASKS:
        raise QgtuneError(f"there is no task {name!r}, for which the model was trained")
    task = TASKS[name]
    if not isinstance(task, SupervisedTask):
        raise QgtuneError(f"the task {name} is no qgtune.training.SupervisedTask: it can only run trials")
    return task


def _all_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a data set without ``subset``, with which a study tunes on a part of it."""
    return {key: value for key, value in data.items() if key != "subset"}


def _purpose(runnable: RunnableConfig, folder: pathlib.Path) -> dict[str, Any]:
    """Return what a model is trained for, as its file tells it."""
    data = rebased_data(_all_of(runnable.data), runnable.folder, folder)
    return {"task": runnable.task, "config": runnable.config, "data": data}


def _finished(folder: pathlib.Path, purpose: Mapping[str, Any]) -> "TrainedModel | None":
    """Return the model that a folder holds if it was trained for the same; None if there is none.

    Raises:
        QgtuneError: if the folder holds a model that was trained for something else.
    """
    from qgtune.training import read_model

    if not (folder / MODEL).exists():
        return None
    old = read_model(folder / MODEL)
    if all(getattr(old, name) == value for name, value in purpose.items()):
        return old
    raise QgtuneError(
        f"{shown_path(folder / MODEL)} is the model of another config: "
        "--again trains this one in its place, and --output DIR elsewhere"
    )
