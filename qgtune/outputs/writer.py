"""A run's files, written as its trials finish."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgtune.compiler.emit import best_config_text, best_trial_text, built_header, built_search_space_text
from qgtune.compiler.prepare import Prepared
from qgtune.compiler.runnable import with_purpose
from qgtune.core.errors import QgtuneError
from qgtune.core.events import Event, Notice
from qgtune.core.trials import TrialRecord
from qgtune.core.wording import count, reason_of
from qgtune.document import Spliced
from qgtune.outputs.files import OutputFiles, shown
from qgtune.outputs.kept_checkpoints import KeptCheckpoints
from qgtune.outputs.machine_files import best_params_text, run_config_text, study_summary_text
from qgtune.outputs.own_files import OwnFiles
from qgtune.outputs.pacing import Paced
from qgtune.outputs.report import write_plots, write_report
from qgtune.outputs.study_results import columns_of_values, metric_names, results_of
from qgtune.reports.results import Results
from qgtune.reports.trials_table import trials_csv
from qgtune.sampling import total_trials
from qgtune.space import EvaluationError

if TYPE_CHECKING:
    from qgtune.study import Study

_AFRESH = "the base settings' own text could not be kept: {} is written afresh, without its comments"


class OutputWriter:
    """Writes a run's files as trials finish. Each is written whole, or not at all.

    The best config and the best trial are written at once; the tables of all trials at most once a second.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        files: where to write.
        notify: told what the user should know.
        checkpoints: removes the checkpoints of trials that are not among the best; None: all are kept.
    """

    def __init__(
        self,
        prepared: Prepared,
        files: OutputFiles,
        notify: Callable[[Event], None],
        checkpoints: KeptCheckpoints | None = None,
    ) -> None:
        self.notify = notify
        self.prepared = prepared
        self.compilation = prepared.compilation
        self.settings = prepared.tuning.settings
        self.study = self.settings.name(prepared.tuning.folder)
        self.files = files
        self._checkpoints = checkpoints
        self._own = OwnFiles(files.folder, lambda text: notify(Notice(text)))
        self._records: dict[int, TrialRecord] = {}
        self._said_afresh = False
        self._total = total_trials(prepared)
        self._changing = threading.Lock()
        self._tables = Paced(self._write_tables)

    @property
    def what_is_kept(self) -> str:
        """Say what becomes of the finished trials if the run ends before its time."""
        in_memory = "storage" in self.settings.model_fields_set and self.settings.storage is None
        return "the study was in memory only" if in_memory else "the study keeps all finished trials"

    def run_started(self, records: Iterable[TrialRecord]) -> None:
        """Take in the trials that the study has already, and bring the files up to date with them."""
        with self._changing:
            self._records = {record.number: record for record in records}
        with self._writing():
            self._own.write(self.files.config, run_config_text(self.prepared, self._results()))
            self._write_tables()

    def trial_finished(self, record: TrialRecord, *, is_best: bool) -> None:
        """Write what one more trial changes."""
        with self._changing:
            self._records[record.number] = record
        if record.number == 0:
            self._write_built(record)
        if is_best:
            self._write_best(record, finished=None)
        with self._writing():
            self._tables.ask()

    def run_ended(
        self,
        records: tuple[TrialRecord, ...],
        best: TrialRecord | None,
        front: tuple[TrialRecord, ...] = (),
    ) -> None:
        """Write everything as it is at the end."""
        self.close()
        with self._changing:
            self._records = {record.number: record for record in records}
        sampled = next((record for record in records if self._config(record) is not None), None)
        if sampled is not None:
            self._write_built(sampled)
        if front:
            self._write_front(front)
        if best is not None:
            self._write_best(best, sum(record.is_finished for record in records))
        with self._writing():
            self._write_tables()

    def write_report(self, study: "Study | None", *, with_plots: bool) -> None:
        """Write what people read, of the trials that ``run_ended`` was told.

        Args:
            study: the study; None if it was in memory only.
            with_plots: whether to draw pictures; where they cannot be drawn, the user is told why.
        """
        from qgtune.study import MISSING, can_draw

        results = self._results()
        with self._writing():
            shares = write_report(self.prepared, results, study, self.files, self._own)
            if study is None or not with_plots:
                return
            if can_draw():
                write_plots(results, study, shares, self.files, self._own)
            else:
                self.notify(Notice(MISSING))

    def write_pickle(self, study: bytes) -> None:
        """Write study.pkl."""
        with self._writing():
            self._own.write(self.files.folder / "study.pkl", study)

    def close(self) -> None:
        """Write nothing more on its own."""
        self._tables.end()

    def _results(self) -> Results:
        with self._changing:
            records = sorted(self._records.values(), key=lambda record: record.number)
        return results_of(self.prepared, records, self._total)

    def _write_tables(self) -> None:
        results = self._results()
        self._own.write(self.files.trials, trials_csv(results.records, columns_of_values(self.settings)))
        self._own.write(self.files.best_params, best_params_text(results))
        self._own.write(self.files.study_summary, study_summary_text(results))
        if self._checkpoints is not None:
            self._checkpoints.prune(results)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn a file that cannot be written into words for the user."""
        try:
            yield
        except OSError as error:
            message = f"results cannot be written to {shown(error)}: {reason_of(error)}; {self.what_is_kept}"
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
                self._own.write(self.files.built_search_space, text)

    def _write_best(self, record: TrialRecord, finished: int | None) -> None:
        config = self._config(record)
        if config is None:
            return
        header = self._header(record, finished)
        with self._writing():
            self._own.write(self.files.best_trial, best_trial_text(record.params, header))
            text, kept_layout = self._runnable_text(config, header, self.files.best_config)
            self._own.write(self.files.best_config, text)
        if not kept_layout and not self._said_afresh:
            self._said_afresh = True
            self.notify(Notice(_AFRESH.format(self.files.best_config.name)))

    def _write_front(self, front: tuple[TrialRecord, ...]) -> None:
        """Write the config of each trial of a Pareto front, and remove those of trials that left it."""
        files = {self.files.front / f"trial_{record.number:05}.yaml": record for record in front}
        with self._writing():
            self.files.front.mkdir(parents=True, exist_ok=True)
            for file in set(self.files.front.glob("trial_*.yaml")) - set(files):
                file.unlink()
            for file, record in files.items():
                config = self._config(record)
                if config is not None:
                    place = f"one of {len(front)} that no other beats"
                    header = self._header_of(record, f"is {place}")
                    self._own.write(file, self._runnable_text(config, header, file).text)

    def _runnable_text(self, config: dict[str, Any], header: list[str], file: Path) -> Spliced:
        """Return the text of a config that ``qgtune train`` takes as it stands."""
        runnable = with_purpose(config, self.prepared.tuning, file.parent)
        return best_config_text(self.compilation, runnable, header)

    def _header(self, record: TrialRecord, finished: int | None) -> list[str]:
        among = "so far" if finished is None else f"of {count(finished, 'trial')}"
        return self._header_of(record, f"is the best {among}")

    def _header_of(self, record: TrialRecord, place: str) -> list[str]:
        """Return the lines that say which trial a config is of, and what it was worth."""
        named = list(
            zip(metric_names(self.settings), record.values, self.settings.all_directions, strict=True)
        )
        if self.settings.task is None:
            values, aims = ", ".join(map(repr, record.values)), ", ".join(self.settings.all_directions)
            worth = f"value {values} ({aims})"
        else:
            worth = ", ".join(f"{metric} {value!r} ({direction})" for metric, value, direction in named)
        return [
            f"Study {self.study}: trial {record.number} {place}, {worth}.",
            f"search space {self.compilation.plan.fingerprint}",
        ]
