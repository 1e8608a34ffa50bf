"""Graph regression: one number of each graph for each target."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

from qgtune.training.batching.data_checks import check_graphs, check_level, check_values
from qgtune.training.batching.parts import TRAINING, Indices, split_parts
from qgtune.training.learning import Context
from qgtune.training.scoring.metrics import LOSS, Metrics, Predictions
from qgtune.training.scoring.regression_metrics import REGRESSION_METRICS
from qgtune.training.tasks.graph_network import GraphNetworkTask

_LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
}


class ScaledOutputs(torch.nn.Module):
    """A network whose outputs are in the units of the data.

    The network itself learns numbers of mean 0 and standard deviation 1; ``target_mean`` and ``target_std``,
    float32 [targets], are buffers, so that a saved model predicts in the right units wherever it is loaded.

    Args:
        network: yields one tensor [graphs, 1] for each target.
        targets: how many there are.
    """

    target_mean: Tensor
    target_std: Tensor

    def __init__(self, network: torch.nn.Module, targets: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("target_mean", torch.zeros(targets))
        self.register_buffer("target_std", torch.ones(targets))

    def forward(self, *args: Any, **kwargs: Any) -> list[Tensor]:
        """Return the predicted value of each target, float32 [graphs]; called as the network is."""
        outputs = self.network(*args, **kwargs)
        return [
            output.squeeze(1).float() * self.target_std[k] + self.target_mean[k]
            for k, output in enumerate(outputs)
        ]


class GraphRegressionTask(GraphNetworkTask):
    """Trains a graph neural network that predicts one number of each graph for each target."""

    metrics: Metrics = REGRESSION_METRICS
    loss_by_target = True

    def __init__(self) -> None:
        super().__init__("graph_regression")

    def build_model(self, config: Mapping[str, Any]) -> torch.nn.Module:
        """Return the network of the ``model`` section, whose outputs are scaled to the units of the data.

        Raises:
            ConfigValueError: as ``qgtune.nn.build_model``.
        """
        network = super().build_model(config)
        section = config["model"]
        head = section["classifier"] if "classifier" in section else section["head"]
        return ScaledOutputs(network, len(head["output_dims"]))

    def prepare(self, context: Context, parts: Mapping[str, Indices]) -> None:
        """Set mean and standard deviation of the targets to those of the training graphs.

        A target that is the same for all of them keeps the standard deviation 1.
        """
        if not context.config.training.standardize_targets:
            return
        model = cast(ScaledOutputs, context.model)
        values = np.asarray(context.dataset.labels[parts[TRAINING]], dtype=np.float64)
        std = values.std(axis=0)
        model.target_mean.copy_(torch.as_tensor(values.mean(axis=0)))
        model.target_std.copy_(torch.as_tensor(np.where(std > 0, std, 1.0)))

    def check_data(self, dataset: Any) -> None:
        """Return if each graph has nodes, finite features, and a finite number for each target.

        Raises:
            ConfigValueError: at ``data``, with the first graph that has not.
        """
        check_level(dataset, "graph")
        check_values(dataset)
        check_graphs(dataset)

    def split(self, config: Any, dataset: Any) -> Mapping[str, Indices]:
        """Return the numbers of the graphs of each section.

        Raises:
            ConfigValueError: if a part is empty.
        """
        return split_parts(config, dataset)

    def loss(self, outputs: Sequence[Tensor], batch: Any, context: Context) -> Tensor:
        """Return ``training.loss`` of the scaled errors, with several targets the mean of theirs.

        The errors are in standard deviations of the training graphs' targets, unless the targets are not
        standardized.
        """
        labels = self.labels(batch).T
        return torch.stack(self._losses(outputs, labels, context)).mean()

    def measure(self, predictions: Predictions, names: Iterable[str], context: Context) -> dict[str, float]:
        """Return the named metrics, and with several targets the loss of each."""
        asked = list(names)
        measured = super().measure(predictions, asked, context)
        if len(predictions.target_names) > 1 and any(name.partition("/")[0] == LOSS for name in asked):
            device = context.device
            outputs = [torch.as_tensor(o, dtype=torch.float32, device=device) for o in predictions.outputs]
            labels = torch.as_tensor(predictions.labels, dtype=torch.float32, device=device).T
            losses = self._losses(outputs, labels, context)
            of_targets = zip(predictions.target_names, losses, strict=True)
            measured |= {f"{LOSS}/{name}": loss.item() for name, loss in of_targets}
        return measured

    def _losses(self, outputs: Sequence[Tensor], labels: Tensor, context: Context) -> list[Tensor]:
        of_errors = _LOSSES[context.config.training.loss]
        std = cast(ScaledOutputs, context.model).target_std
        # Divided before they are compared: Huber's loss is not the same in other units.
        return [
            of_errors((output - y) / std[k], torch.zeros_like(y))
            for k, (output, y) in enumerate(zip(outputs, labels, strict=True))
        ]
