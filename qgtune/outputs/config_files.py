"""The files that hold configs of trials: of the best one, of the first one, of those on a Pareto front."""

import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qgtune.compiler.emit import best_config_text, best_trial_text, built_header, built_search_space_text
from qgtune.compiler.prepare import Prepared
from qgtune.compiler.runnable import with_purpose
from qgtune.core.trials import TrialRecord
from qgtune.core.wording import count
from qgtune.document import Spliced
from qgtune.outputs.files import OutputFiles
from qgtune.outputs.own_files import OwnFiles
from qgtune.outputs.report import config_reader
from qgtune.outputs.study_results import metric_names

_AFRESH = "the base settings' own text could not be kept: {} is written afresh, without its comments"
_SO_FAR = "is one of those so far that no other beats"
_OF_FRONT = re.compile(r"trial_\d+\.yaml")


class ConfigFiles:
    """Writes built_search_space.yaml, best_trial.yaml, best_config.yaml and best_configs.

    A trial that ended before all of its config was known has none, and changes no file.

    Args:
        prepared: what ``prepare`` made of the tuning file that the trials are of.
        files: where to write.
        own: writes files.
        say: told what the user should know.
    """

    def __init__(
        self, prepared: Prepared, files: OutputFiles, own: OwnFiles, say: Callable[[str], None]
    ) -> None:
        self._tuning = prepared.tuning
        self._compilation = prepared.compilation
        self._config_of = config_reader(prepared.compilation)
        self._files = files
        self._own = own
        self._say = say
        self._said_afresh = False
        self._working = threading.Lock()
        self._on_front: dict[int, str] = {}
        """The rank that is written in the file of each trial of the front."""

    def write_built(self, records: Iterable[TrialRecord]) -> None:
        """Write the config of the first of some trials that has one.

        Raises:
            OSError: if the file cannot be written.
        """
        config = next((config for config in map(self._config_of, records) if config is not None), None)
        if config is not None:
            header = built_header(self._compilation, config)
            text = built_search_space_text(self._compilation, config, header)
            self._own.write(self._files.built_search_space, text)

    def write_best(self, record: TrialRecord, finished: int | None) -> None:
        """Write the best trial, and its config.

        Args:
            record: the best trial.
            finished: among how many finished trials it is the best; None while that number grows.

        Raises:
            OSError: if a file cannot be written.
        """
        config = self._config_of(record)
        if config is None:
            return
        header = self._header(record, f"is the best {_counted(finished)}")
        self._own.write(self._files.best_trial, best_trial_text(record.params, header))
        text, kept_layout = self._runnable_text(config, header, self._files.best_config)
        self._own.write(self._files.best_config, text)
        if not kept_layout and not self._said_afresh:
            self._said_afresh = True
            self._say(_AFRESH.format(self._files.best_config.name))

    def write_front(self, front: tuple[TrialRecord, ...], finished: int | None) -> None:
        """Write the config of each trial of a Pareto front, and remove those of trials that left it.

        Args:
            front: the trials that no other beats.
            finished: of how many finished trials they are the front; None while that number grows.

        Raises:
            OSError: if a file cannot be written or removed.
        """
        if finished is None:
            rank = _SO_FAR
        else:
            rank = f"is one of {len(front)} {_counted(finished)} that no other beats"
        with self._working:
            if front:
                self._files.front.mkdir(parents=True, exist_ok=True)
            for record in front:
                self._write_member(record, rank)
            self._clear_all_but({record.number for record in front})

    def _write_member(self, record: TrialRecord, rank: str) -> None:
        known = self._on_front.get(record.number)
        if known == rank or (known and rank == _SO_FAR):
            return  # what it says was so when it was written, and is said again at the end
        config = self._config_of(record)
        if config is not None:
            file = self._member(record.number)
            self._own.write(file, self._runnable_text(config, self._header(record, rank), file).text)
        self._on_front[record.number] = rank

    def _clear_all_but(self, numbers: set[int]) -> None:
        kept = {self._member(number) for number in numbers}
        for file in sorted(self._files.front.glob("trial_*.yaml")):
            if file not in kept and _OF_FRONT.fullmatch(file.name):
                self._own.clear(file)
        self._on_front = {number: rank for number, rank in self._on_front.items() if number in numbers}

    def _member(self, number: int) -> Path:
        return self._files.front / f"trial_{number:05}.yaml"

    def _runnable_text(self, config: dict[str, Any], header: list[str], file: Path) -> Spliced:
        """Return the text of a config that ``qgtune train`` takes as it stands."""
        runnable = with_purpose(config, self._tuning, file.parent)
        return best_config_text(self._compilation, runnable, header)

    def _header(self, record: TrialRecord, rank: str) -> list[str]:
        """Return the lines that say which trial a config is of, and what it was worth."""
        settings = self._tuning.settings
        directions = settings.all_directions
        if settings.task is None:
            values, aims = ", ".join(map(repr, record.values)), ", ".join(directions)
            worth = f"value {values} ({aims})"
        else:
            named = zip(metric_names(settings), record.values, directions, strict=True)
            worth = ", ".join(f"{metric} {value!r} ({direction})" for metric, value, direction in named)
        return [
            f"Study {settings.name(self._tuning.folder)}: trial {record.number} {rank}, {worth}.",
            f"search space {self._compilation.plan.fingerprint}",
        ]


def _counted(finished: int | None) -> str:
    return "so far" if finished is None else f"of {count(finished, 'trial')}"
