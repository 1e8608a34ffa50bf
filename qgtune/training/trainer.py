"""One trial's training: epochs over the training graphs, each measured on the validation graphs."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.loader import DataLoader

from qgtune.core.errors import ConfigValueError
from qgtune.nn.layers import registered_names
from qgtune.nn.models import model_from_config
from qgtune.schema.gnn import GraphClassificationConfig, parse_config
from qgtune.training.checkpoints import Checkpoints
from qgtune.training.data_checks import check_fit
from qgtune.training.devices import choose_device, seeded
from qgtune.training.early_stopping import EarlyStopping, improves
from qgtune.training.epochs import predict, train_epoch
from qgtune.training.errors import TrainingError
from qgtune.training.loaders import GraphSubset, make_loader
from qgtune.training.metrics import METRICS, Predictions, direction_of, measure, registered_metrics
from qgtune.training.optimizers import make_optimizer
from qgtune.training.parts import TESTING, TRAINING, VALIDATION, split_parts
from qgtune.training.task import EpochResult, LabelledGraphs, OnEpoch, OnNotice, TrainingResult

_log = logging.getLogger("qgtune.training")


def train(  # noqa: PLR0913 - the arguments of every task
    config: Mapping[str, Any],
    dataset: LabelledGraphs,
    *,
    metric: str,
    on_epoch: OnEpoch | None = None,
    on_notice: OnNotice | None = None,
    output_dir: Path | None = None,
    trial_number: int = 0,
) -> TrainingResult:
    """Return the best epoch of training a graph classifier, with its weights and its value of ``metric``.

    The best epoch is the first with the best value of ``early_stopping_metric``, or of ``metric`` if the
    config does not set it; its weights are restored. Window and tolerance decide only when to stop. The same
    config, data set, seed and number of torch threads give the same value on a CPU. torch's random numbers
    are left as they were.

    Args:
        config: the whole config, with the sections ``model``, ``training``, ``validation``.
        dataset: the graphs, which are split by the sections' shares, stratified, under ``training.seed``.
        metric: the validation metric that is tuned: a name in ``METRICS``, or ``metric/target``.
        on_epoch: called after each epoch; may raise TrialPruned, which passes through.
        on_notice: called once with each thing worth knowing; without it they are logged as warnings.
        output_dir: the folder of the run, for checkpoints; None writes nothing.
        trial_number: the trial's number in the study, for the checkpoints' folder.

    Raises:
        ConfigValueError: for a value of the config that cannot be used, alone or with this data set.
        TrainingError: if the loss is no longer finite.
        TrialPruned: if ``on_epoch`` raises it.
    """
    settings = _parse(config)
    notice = _once(on_notice)
    target_names = tuple(target.name for target in dataset.targets)
    chosen_by = settings.training.early_stopping_metric or metric
    direction_of(metric, target_names, ("metric",))
    stopping = EarlyStopping(
        direction_of(chosen_by, target_names, ("training", "early_stopping_metric")),
        patience=settings.training.early_stopping_patience,
        window=settings.training.early_stopping_window,
        tol=settings.training.early_stopping_tol,
    )
    check_fit(settings, dataset)
    device = choose_device(settings.training.device, notice)
    loaders = _loaders(settings, dataset, device, notice)
    checkpoints = Checkpoints.wanted(settings.training, output_dir, trial_number)
    with seeded(settings.training.seed, device):
        model = model_from_config(settings.model).to(device)
        optimizer = make_optimizer(settings.training, model.parameters())
        fit = _Fit(
            model, optimizer, loaders, target_names, metric, chosen_by, stopping, checkpoints, on_epoch
        )
        return fit.run(settings.training.num_epochs)


def evaluate(
    config: Mapping[str, Any],
    dataset: LabelledGraphs,
    model: torch.nn.Module,
    *,
    section: str = TESTING,
    on_notice: OnNotice | None = None,
) -> dict[str, float]:
    """Return every metric of a trained model on the graphs of one section, by default those for testing.

    Args:
        config: the config with which the model was trained; it says which graphs these are.
        dataset: the data set with which the model was trained.
        model: the model, on any device; it is left in evaluation mode.
        section: ``training``, ``validation`` or ``testing``.
        on_notice: as for ``train``.

    Raises:
        ConfigValueError: if the config has no such section, or cannot be used with this data set.
    """
    settings = _parse(config)
    parts = split_parts(settings, dataset)
    if section not in parts:
        raise ConfigValueError(
            (section,), f"the config must have a section {section!r} to measure on, and has none"
        )
    loader = make_loader(
        section,
        getattr(settings, section),
        GraphSubset(dataset, parts[section]),
        seed=settings.training.seed,
        device=next(model.parameters()).device,
        on_notice=_once(on_notice),
    )
    return measure(predict(model, loader, tuple(target.name for target in dataset.targets)), METRICS)


@dataclass
class _Best:
    """The best epoch so far: its result, its weights, and its predictions for the validation graphs."""

    result: EpochResult
    weights: dict[str, Tensor]
    predictions: Predictions


@dataclass
class _Fit:
    """The loop over the epochs, and what it needs in each."""

    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    loaders: Mapping[str, DataLoader]
    target_names: tuple[str, ...]
    metric: str
    chosen_by: str
    stopping: EarlyStopping
    checkpoints: Checkpoints | None
    on_epoch: OnEpoch | None
    best: _Best | None = None

    def run(self, num_epochs: int) -> TrainingResult:
        epoch = 0
        for epoch in range(num_epochs):
            self._epoch(epoch)
            if self.stopping.should_stop:
                break
        if self.best is None:
            raise self._failure(f"{self.chosen_by} was not a number in any epoch", epoch)
        self.model.load_state_dict(self.best.weights)
        self.model.eval()
        if self.checkpoints is not None:
            self.checkpoints.best(self.best.result, self.model)
        return TrainingResult(
            value=self.best.result.value,
            epoch=self.best.result.epoch,
            metrics=measure(self.best.predictions, METRICS),
            model=self.model,
            epochs=epoch + 1,
        )

    def _epoch(self, epoch: int) -> None:
        train_loss = train_epoch(self.model, self.loaders[TRAINING], self.optimizer, epoch)
        predictions = predict(self.model, self.loaders[VALIDATION], self.target_names)
        metrics = measure(predictions, ("loss", "accuracy", self.metric, self.chosen_by))
        if not math.isfinite(metrics["loss"]):
            raise self._failure(f"the loss on the validation graphs is {metrics['loss']}", epoch)
        result = EpochResult(epoch, train_loss, metrics, metrics[self.metric])
        chosen = metrics[self.chosen_by]
        self.stopping.update(chosen)
        best = None if self.best is None else self.best.result.metrics[self.chosen_by]
        if improves(chosen, best, self.stopping.direction):
            weights = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
            self.best = _Best(result, weights, predictions)
        if self.checkpoints is not None:
            self.checkpoints.after_epoch(result, self.model, self.optimizer)
        if self.on_epoch is not None:
            self.on_epoch(result)

    def _failure(self, reason: str, epoch: int) -> TrainingError:
        return TrainingError(reason, epoch, None, self.optimizer.param_groups[0]["lr"])


def _parse(config: Mapping[str, Any]) -> GraphClassificationConfig:
    names = registered_names()
    return parse_config(config, names=replace(names, metrics=registered_metrics()))


def _loaders(
    settings: GraphClassificationConfig, dataset: LabelledGraphs, device: torch.device, notice: OnNotice
) -> dict[str, DataLoader]:
    """Return the loaders of the training and the validation graphs."""
    parts = split_parts(settings, dataset)
    return {
        section: make_loader(
            section,
            getattr(settings, section),
            GraphSubset(dataset, parts[section]),
            seed=settings.training.seed,
            device=device,
            on_notice=notice,
        )
        for section in (TRAINING, VALIDATION)
    }


def _once(on_notice: OnNotice | None) -> OnNotice:
    """Return a function that passes each text on once."""
    tell = on_notice or _log.warning
    told: set[str] = set()

    def notice(text: str) -> None:
        if text not in told:
            told.add(text)
            tell(text)

    return notice
