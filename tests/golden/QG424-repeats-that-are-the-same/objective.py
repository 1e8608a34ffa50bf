"""An objective."""


def score(trial, config):
    """Return the learning rate."""
    return config["training"]["learning_rate"]
