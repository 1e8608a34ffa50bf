"""Whether something tells the repeated trainings of a config apart."""

import re

from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.problems import Problems
from qgtune.compiler.proving.probe import probe_configs
from qgtune.compiler.tuning import Tuning
from qgtune.document import read_source


def check_repeats(tuning: Tuning, compilation: Compilation, problems: Problems) -> None:
    """Warn of an objective that is called several times with the same config, and cannot tell.

    A task has a seed whether or not the config writes one.
    """
    settings = tuning.settings
    if settings.repeats == 1 or settings.objective is None or _asks_for_the_repeat(tuning):
        return
    config = next(probe_configs(compilation.plan), None)
    if config is None:
        return
    training = config.get("training")
    if isinstance(training, dict) and isinstance(training.get("seed"), int):
        return
    message = f"each config is trained {settings.repeats} times, but has no training.seed that could differ"
    hint = (
        "write training.seed into the base settings, or have the objective read trial.repeat: 0, 1 and so on"
    )
    problems.warn("QG424", message, tuning.locate("repeats"), hint)


def _asks_for_the_repeat(tuning: Tuning) -> bool:
    """Return whether the file of the objective speaks of ``repeat``; one that cannot be read does not."""
    file = (tuning.settings.objective or "").rpartition(":")[0]
    source = read_source(tuning.folder / file, file, []) if file.endswith(".py") else None
    return source is not None and re.search(r"\brepeat\b", source.text) is not None
