"""One trial's training: epochs over the training samples, each measured on the validation samples."""

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from qgtune.core.errors import TrialPruned
from qgtune.training.batching.parts import TESTING, TRAINING, VALIDATION, fingerprint
from qgtune.training.learning import Context, Learning
from qgtune.training.loop.assembly import Batches, check_data, make_batches, number_of_batches, part_of
from qgtune.training.loop.checkpoints import Checkpoints
from qgtune.training.loop.devices import choose_device, device_of, seeded
from qgtune.training.loop.early_stopping import EarlyStopping
from qgtune.training.loop.epochs import predict
from qgtune.training.loop.errors import TrainingError
from qgtune.training.loop.fitting import Fit, Reporting
from qgtune.training.loop.optimizers import make_optimizer
from qgtune.training.loop.precision import Precision
from qgtune.training.loop.recycling import FreshModel, Recycling, model_for_trial
from qgtune.training.loop.schedulers import Schedule
from qgtune.training.loop.stepping import Stepper
from qgtune.training.scoring.metrics import LOSS, direction_of
from qgtune.training.task import OnEpoch, OnNotice, TrainingResult

_log = logging.getLogger("qgtune.training")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a training, beside its config and its data.

    Args:
        metric: the validation metric that is tuned: one of the task's, or ``metric/target``.
        on_epoch: called after each epoch; may raise TrialPruned, which passes through.
        on_notice: called once with each thing worth knowing; without it they are logged as warnings.
        output_dir: the folder of the run, for checkpoints; None writes nothing.
        trial_number: the trial's number in the study, for the checkpoints' folder.
        resume: whether to go on from the trial's latest checkpoint, if there is one. On a CPU the end is the
            same, to the last bit, as that of a training that was never ended.
        save: whether checkpoints are written even if the config does not ask for them.
        recycling: what is kept from one trial to the next; the model of the result is then good only until
            the next trial begins.
    """

    metric: str
    on_epoch: OnEpoch | None = None
    on_notice: OnNotice | None = None
    output_dir: Path | None = None
    trial_number: int = 0
    resume: bool = False
    save: bool = False
    recycling: Recycling | None = None


def train(task: Learning, config: Mapping[str, Any], dataset: Any, asked: Asked) -> TrainingResult:
    """Return the best epoch of a training, with its weights and its value of the metric.

    The best epoch is the first with the best value of ``early_stopping_metric``, or of the metric that is
    tuned if the config does not set it; its weights are restored. Window and tolerance decide only when to
    stop. The same config, data set, seed and number of torch threads give the same value on a CPU. torch's
    random numbers are left as they were.

    Args:
        task: how it learns.
        config: the whole config, with the sections ``model``, ``training``, ``validation``.
        dataset: the samples, which the task splits under ``training.seed``.
        asked: what is asked of the training.

    Raises:
        ConfigValueError: for a value of the config that cannot be used, alone or with this data set.
        TrainingError: if the loss is no longer finite.
        TrialPruned: if ``on_epoch`` raises it.
    """
    settings = task.parse(config)
    notice = _once(asked.on_notice)
    kept = Recycling(0) if asked.recycling is None else asked.recycling
    chosen_by = settings.training.early_stopping_metric or asked.metric
    direction = _checked_direction(task, task.target_names(dataset), asked.metric, chosen_by)
    check_data(task, dataset, kept)
    task.check(settings, dataset)
    device = choose_device(settings.training.device, notice)
    precision = Precision(settings.training.precision, device, notice)
    parts = task.split(settings, dataset)
    batches = make_batches(task, settings, dataset, parts, device=device, on_notice=notice, recycling=kept)
    checkpoints = _checkpoints(asked, config, settings.training, partial(fingerprint, dataset, parts))
    last = checkpoints.last(device) if checkpoints is not None and asked.resume else None
    if checkpoints is not None:
        checkpoints.begin()
    key = _model_key(task, config, settings, dataset, device)
    with seeded(settings.training.seed, device):
        fresh = model_for_trial(kept, key, lambda: task.build_model(config), device)
        context = Context(settings, dataset, fresh.model, device)
        task.prepare(context, parts)
        fit = Fit(
            task=task,
            context=context,
            batches=batches,
            stepper=_stepper(context, precision, batches, direction),
            stopping=_stopping(settings.training, direction),
            reporting=Reporting(asked.metric, chosen_by, asked.on_epoch, notice),
            checkpoints=checkpoints,
        )
        fit.go_on_from(last)
        try:
            result = fit.run(settings.training.num_epochs)
        except (TrialPruned, TrainingError):
            _keep(kept, key, fresh, batches)
            raise
    _keep(kept, key, fresh, batches)
    return result


def evaluate(  # noqa: PLR0913 - the task, what it is given, and where to look
    task: Learning,
    config: Mapping[str, Any],
    dataset: Any,
    model: torch.nn.Module,
    *,
    section: str | None = TESTING,
    on_notice: OnNotice | None = None,
) -> dict[str, float]:
    """Return every metric of a trained model on the samples of one section, by default those for testing.

    Args:
        task: how the model learned.
        config: the config with which the model was trained; it says which samples these are.
        dataset: the data set with which the model was trained, or another one.
        model: the model, on any device; it is left in evaluation mode.
        section: ``training``, ``validation`` or ``testing``; None for all samples of the data set.
        on_notice: as for ``train``.

    Raises:
        ConfigValueError: if the config has no such section, or cannot be used with this data set.
    """
    settings = task.parse(config)
    task.check_data(dataset)
    task.check(settings, dataset)
    notice, device = _once(on_notice), device_of(model)
    if section is None:
        indices, loader = task.samples(dataset), VALIDATION
        settings = _without_drop_last(settings)
    else:
        indices, loader = part_of(task.split(settings, dataset), section), section
    batches = task.batches(loader, settings, dataset, indices, device=device, on_notice=notice)
    precision = Precision.to_measure(settings.training.precision, device, notice)
    context = Context(settings, dataset, model, device)
    predictions = predict(task, context, batches, precision, with_loss=LOSS not in task.metrics)
    return task.measure(predictions, (*task.metrics, LOSS), context)


def _model_key(
    task: Learning, config: Mapping[str, Any], settings: Any, dataset: Any, device: torch.device
) -> Hashable:
    """Return what a freshly built model depends on."""
    seed, threads = settings.training.seed, torch.get_num_threads()
    shaping = repr(task.shaping(config))
    return (type(task), shaping, task.target_names(dataset), seed, str(device), threads)


def _without_drop_last(settings: Any) -> Any:
    """Return the settings with a validation that leaves out none of what is to be measured as a whole."""
    section = settings.validation
    if not getattr(section, "drop_last", False):
        return settings
    return settings.model_copy(update={VALIDATION: section.model_copy(update={"drop_last": False})})


def _checked_direction(task: Learning, target_names: tuple[str, ...], metric: str, chosen_by: str) -> str:
    """Return the better direction of the metric that chooses the best epoch.

    Raises:
        ConfigValueError: if there is no such metric, or none such as the one that is tuned.
    """
    by_target = task.loss_by_target
    direction_of(metric, target_names, ("metric",), task.metrics, loss_by_target=by_target)
    place = ("training", "early_stopping_metric")
    return direction_of(chosen_by, target_names, place, task.metrics, loss_by_target=by_target)


def _checkpoints(
    asked: Asked, config: Mapping[str, Any], training: Any, data: Callable[[], str]
) -> Checkpoints | None:
    """Return the checkpoints of a trial; None if none are asked for, nor is the trial to go on from one.

    Args:
        asked: what is asked of the training.
        config: the whole config.
        training: its section ``training``.
        data: tells one data set and its parts from others, which takes a while.
    """
    wanted = asked.save or asked.resume or training.checkpoint_at is not None
    if asked.output_dir is None or not wanted:
        return None
    return Checkpoints(training, asked.output_dir, asked.trial_number, config, f"{asked.metric} {data()}")


def _stopping(training: Any, direction: str) -> EarlyStopping:
    return EarlyStopping(
        direction,
        patience=training.early_stopping_patience,
        window=training.early_stopping_window,
        tol=training.early_stopping_tol,
    )


def _stepper(
    context: Context, precision: Precision, batches: Mapping[str, Batches], direction: str
) -> Stepper:
    training = context.config.training
    optimizer = make_optimizer(training, context.model.parameters())
    count = number_of_batches(batches[TRAINING].batches)
    steps = None if count is None else -(-count // getattr(training, "accumulate_batches", 1))
    schedule = Schedule(training, optimizer, steps_per_epoch=steps, direction=direction)
    return Stepper(training, context.model, optimizer, schedule, precision)


def _keep(kept: Recycling, key: Hashable, fresh: FreshModel, batches: Mapping[str, Batches]) -> None:
    if fresh.can_be_reset:
        kept.put(key, fresh)
    for each in batches.values():
        if each.can_be_kept:
            kept.put(each.key, each)


def _once(on_notice: OnNotice | None) -> OnNotice:
    """Return a function that passes each text on once."""
    tell = on_notice or _log.warning
    told: set[str] = set()

    def notice(text: str) -> None:
        if text not in told:
            told.add(text)
            tell(text)

    return notice
