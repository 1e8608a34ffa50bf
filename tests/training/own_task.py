"""A task of a user's own, as small as it can be: how far apart two halves of a graph's features are."""

from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from qgtune.training import Metric, SupervisedTask


class Separation(SupervisedTask):
    metrics: ClassVar = {"bias": Metric("minimize", lambda y, predicted: abs(float((predicted - y).mean())))}

    def build_model(self, config):
        return torch.nn.Sequential(
            torch.nn.Linear(config["model"]["width"], 4), torch.nn.Dropout(0.2), torch.nn.Linear(4, 1)
        )

    def shaping(self, config):
        return config["model"]

    def forward(self, model, batch):
        of_nodes = model(batch.x).squeeze(1)
        return of_nodes.new_zeros(batch.num_graphs).index_add(0, batch.batch, of_nodes)

    def loss(self, outputs, batch, context):
        return F.mse_loss(outputs[0], batch.y[:, 0].float())
