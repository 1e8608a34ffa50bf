"""An objective whose import fails."""

import package_that_nobody_has


def score(trial, config):
    """Return nothing of use."""
    return package_that_nobody_has.score(config)
