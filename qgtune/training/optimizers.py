"""The optimizer that the training section names."""

from collections.abc import Iterable

import torch

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import TrainingConfig


def make_optimizer(config: TrainingConfig, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """Return the optimizer of ``training.optimizer``, with the section's learning rate and weight decay.

    Raises:
        ConfigValueError: if it has no weight decay and the config sets one, or refuses its arguments.
    """
    factory = getattr(torch.optim, config.optimizer)
    kwargs = {**config.optimizer_kwargs, "lr": config.learning_rate}
    # Rprop is the one without: it goes by the signs of the gradients.
    if config.optimizer != "Rprop":
        kwargs["weight_decay"] = config.weight_decay
    elif config.weight_decay:
        raise ConfigValueError(
            ("training", "weight_decay"), f"must be 0 with Rprop, which has none, not {config.weight_decay:g}"
        )
    try:
        optimizer: torch.optim.Optimizer = factory(parameters, **kwargs)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigValueError(
            ("training", "optimizer_kwargs"), f"{config.optimizer} cannot be built: {reason}"
        ) from error
    return optimizer
