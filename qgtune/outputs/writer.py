"""A run's files, written as its trials finish."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from qgtune.compiler.emit import best_config_text, best_trial_text, built_header, built_search_space_text
from qgtune.compiler.prepare import Prepared
from qgtune.core.errors import QgtuneError
from qgtune.core.events import Event, Notice
from qgtune.core.files import write_atomically
from qgtune.core.trials import TrialRecord
from qgtune.outputs.files import OutputFiles, reason, shown
from qgtune.reports.trials_table import write_trials_csv
from qgtune.space import EvaluationError

_AFRESH = "the base settings' own text could not be kept: {} is written afresh, without its comments"


class OutputWriter:
    """Writes a run's files as trials finish. Each is written whole, or not at all."""

    def __init__(self, prepared: Prepared, files: OutputFiles, notify: Callable[[Event], None]) -> None:
        self.notify = notify
        self.compilation = prepared.compilation
        self.settings = prepared.tuning.settings
        self.study = self.settings.name(prepared.tuning.folder)
        self.files = files

    @property
    def what_is_kept(self) -> str:
        """Say what becomes of the finished trials if the run ends before its time."""
        in_memory = "storage" in self.settings.model_fields_set and self.settings.storage is None
        return "the study was in memory only" if in_memory else "the study keeps all finished trials"

    def trial_finished(self, record: TrialRecord, *, is_best: bool) -> None:
        """Write what one more trial changes."""
        if record.number == 0:
            self._write_built(record)
        if is_best:
            self._write_best(record, finished=None)

    def run_ended(self, records: tuple[TrialRecord, ...], best: TrialRecord | None) -> None:
        """Write everything as it is at the end."""
        sampled = next((record for record in records if self._config(record) is not None), None)
        if sampled is not None:
            self._write_built(sampled)
        if best is not None:
            finished = [record for record in records if record.state != "running" and not record.lost]
            self._write_best(best, len(finished))
        with self._writing():
            write_trials_csv(records, self.files.trials)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn a file that cannot be written into words for the user."""
        try:
            yield
        except OSError as error:
            message = f"results cannot be written to {shown(error)}: {reason(error)}; {self.what_is_kept}"
            raise QgtuneError(message) from error

    def _config(self, record: TrialRecord) -> dict[str, Any] | None:
        """Return a trial's config, or None if it ended before all of it was known."""
        try:
            return self.compilation.plan.config_of(record.params)
        except (KeyError, EvaluationError):
            return None

    def _write_built(self, record: TrialRecord) -> None:
        config = self._config(record)
        if config is not None:
            header = built_header(self.compilation, config)
            text = built_search_space_text(self.compilation, config, header)
            with self._writing():
                write_atomically(self.files.built_search_space, text)

    def _write_best(self, record: TrialRecord, finished: int | None) -> None:
        config = self._config(record)
        if config is None:
            return
        header = self._header(record, finished)
        with self._writing():
            write_atomically(self.files.best_trial, best_trial_text(record.params, header))
            text, kept_layout = best_config_text(self.compilation, config, header)
            write_atomically(self.files.best_config, text)
        if not kept_layout:
            self.notify(Notice(_AFRESH.format(self.files.best_config.name)))

    def _header(self, record: TrialRecord, finished: int | None) -> list[str]:
        what = self.settings.metric_name if self.settings.task else "value"
        count = "so far" if finished is None else f"of {finished} trial{'' if finished == 1 else 's'}"
        value = ", ".join(map(repr, record.values))
        best = f"Study {self.study}: trial {record.number} is the best {count}"
        return [
            f"{best}, {what} {value} ({self.settings.direction}).",
            f"search space {self.compilation.plan.fingerprint}",
        ]
