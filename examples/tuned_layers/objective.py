"""An objective in plain PyTorch: a small convolutional network, each layer of a kind of its own."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from optuna import Trial, TrialPruned
from sklearn.datasets import load_digits
from torch import Tensor, nn

TRAINING_IMAGES = 1000


@cache
def digits() -> tuple[Tensor, Tensor]:
    """Return images, float32 [1797, 1, 8, 8] from 0 to 1, and labels, int64 [1797]."""
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 16, torch.tensor(labels)


class Gated(nn.Module):
    """A convolution, part of whose channels decide how much of the others passes."""

    def __init__(self, channels_in: int, channels: int, gate: str) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, 2 * channels, 3, padding=1)
        self.gate = {"sigmoid": torch.sigmoid, "tanh": torch.tanh}[gate]

    def forward(self, images: Tensor) -> Tensor:
        """Return float32 [images, channels, height, width]."""
        passed, gates = self.convolution(images).chunk(2, dim=1)
        return passed * self.gate(gates)


def layer_of(layer: Mapping[str, Any]) -> nn.Module:
    """Return one layer; ``settings`` has the keys of its kind, and no others."""
    channels_in, channels, settings = layer["in_channels"], layer["out_channels"], layer["settings"]
    if layer["kind"] == "gated":
        return Gated(channels_in, channels, **settings)
    size = settings["kernel_size"]
    convolution = nn.Conv2d(channels_in, channels, size, padding=size // 2)
    return nn.Sequential(convolution, nn.ReLU(), nn.Dropout2d(settings["dropout"]))


def accuracy(trial: Trial, config: Mapping[str, Any]) -> float:
    """Return the accuracy on the images that were not trained on; report it after each epoch."""
    torch.manual_seed(config["training"]["seed"])
    layers = config["model"]["layers"]
    network = nn.Sequential(*map(layer_of, layers))
    head = nn.Linear(layers[-1]["out_channels"], 10)
    parameters = [*network.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=config["training"]["learning_rate"])
    images, labels = digits()
    score = 0.0
    for epoch in range(config["training"]["num_epochs"]):
        network.train()
        for batch in torch.randperm(TRAINING_IMAGES).split(config["training"]["batch_size"]):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(head(network(images[batch]).amax((2, 3))), labels[batch])
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            told = head(network(images[TRAINING_IMAGES:]).amax((2, 3))).argmax(1)
        score = (told == labels[TRAINING_IMAGES:]).float().mean().item()
        trial.report(score, epoch)
        if trial.should_prune():
            raise TrialPruned
    return score
