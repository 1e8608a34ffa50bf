"""A run's files, written as its trials finish."""

import contextlib
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from qgtune.compiler.prepare import Prepared
from qgtune.core.errors import QgtuneError
from qgtune.core.events import Event, Notice
from qgtune.core.trials import TrialRecord
from qgtune.core.wording import reason_of
from qgtune.outputs.config_files import ConfigFiles
from qgtune.outputs.files import OutputFiles, shown
from qgtune.outputs.kept_checkpoints import KeptCheckpoints
from qgtune.outputs.machine_files import best_params_text, run_config_text, study_summary_text
from qgtune.outputs.own_files import OwnFiles
from qgtune.outputs.pacing import Paced
from qgtune.outputs.report import write_plots, write_report
from qgtune.outputs.study_results import Begun, columns_of_values, results_of
from qgtune.reports.results import Results
from qgtune.reports.trials_table import trials_csv
from qgtune.sampling import total_trials

if TYPE_CHECKING:
    from qgtune.study import Study


class OutputWriter:
    """Writes a run's files as trials finish. Each is written whole, or not at all.

    The best config and the best trial are written at once; the tables of all trials, and the configs of a
    Pareto front, at most once a second.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        files: where to write.
        notify: told what the user should know.
        checkpoints: removes the checkpoints of trials that are not among the best; None: all are kept.
        begun: with what the study was begun, if the files have changed since; then no config is written, as
            no trial had what the files give now.
    """

    def __init__(
        self,
        prepared: Prepared,
        files: OutputFiles,
        notify: Callable[[Event], None],
        checkpoints: KeptCheckpoints | None = None,
        begun: Begun | None = None,
    ) -> None:
        self.notify = notify
        self.prepared = prepared
        self.settings = prepared.tuning.settings
        self.files = files
        self._checkpoints = checkpoints
        self._begun = begun
        self._said: set[str] = set()
        self._own = OwnFiles(files.folder, self._say)
        self._configs = ConfigFiles(prepared, files, self._own, self._say)
        self._records: dict[int, TrialRecord] = {}
        self._total = total_trials(prepared)
        self._changing = threading.Lock()
        self._tables = Paced(self._write_while_running)

    @property
    def what_is_kept(self) -> str:
        """Say what becomes of the finished trials if the run ends before its time."""
        in_memory = "storage" in self.settings.model_fields_set and self.settings.storage is None
        return "the study was in memory only" if in_memory else "the study keeps all finished trials"

    def run_started(self, records: Iterable[TrialRecord]) -> None:
        """Take in the trials that the study has already, and bring the files up to date with them.

        The run before may have been killed between a trial and its files.
        """
        self._take(records)
        with self._writing():
            self._own.write(self.files.config, run_config_text(self.prepared, self._results()))
            self._write_all()

    def trial_finished(self, record: TrialRecord, *, is_best: bool) -> None:
        """Write what one more trial changes."""
        with self._changing:
            self._records[record.number] = record
        with self._writing():
            if record.number == 0:
                self._configs.write_built([record])
            if is_best:
                self._configs.write_best(record, finished=None)
            self._tables.ask()

    def run_ended(self, records: Iterable[TrialRecord]) -> None:
        """Write everything as it is at the end."""
        self.close()
        self._take(records)
        with self._writing():
            self._write_all()

    def write_report(
        self, study: "Study | None", *, with_plots: bool, in_a_hurry: Callable[[], bool] = lambda: False
    ) -> None:
        """Write what people read, of the trials that ``run_ended`` was told.

        A pickled study that an earlier report has left is written again too.

        Args:
            study: the study; None if it was in memory only.
            with_plots: whether to draw pictures; where they cannot be drawn, the user is told why.
            in_a_hurry: asked before each picture; those that are left are not drawn once it says so.
        """
        from qgtune.study import MISSING, can_draw, pictures

        results = self._results()
        with self._writing():
            shares = write_report(self.prepared, results, study, self.files, self._own)
            if study is None:
                return
            if self._own.is_ours(self.files.pickle):
                self.write_pickle(study)
            if with_plots and can_draw():
                found = pictures(study, shares, results.metrics)
                for problem in write_plots(found, self.files, self._own, in_a_hurry):
                    self._say(problem)
            elif with_plots:
                self._say(MISSING)

    def write_pickle(self, study: "Study") -> None:
        """Write study.pkl, a copy of the study that needs no storage."""
        from qgtune.study import in_memory_copy

        with self._writing():
            self._own.write(self.files.pickle, pickle.dumps(in_memory_copy(study)))

    def close(self) -> None:
        """Write nothing more on its own."""
        self._tables.end()

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.notify(Notice(text))

    def _take(self, records: Iterable[TrialRecord]) -> None:
        with self._changing:
            self._records = {record.number: record for record in records}

    def _results(self) -> Results:
        with self._changing:
            records = sorted(self._records.values(), key=lambda record: record.number)
        return results_of(self.prepared, records, self._begun, self._total)

    def _write_all(self) -> None:
        results = self._results()
        if self._begun is None:
            self._configs.write_built(results.records)
            if not results.is_single:
                self._configs.write_front(results.best, results.finished)
            elif results.best:
                self._configs.write_best(results.best[0], results.finished)
        self._write_tables(results)

    def _write_while_running(self) -> None:
        results = self._results()
        if not results.is_single:
            self._configs.write_front(results.best, finished=None)
        self._write_tables(results)

    def _write_tables(self, results: Results) -> None:
        columns = columns_of_values(self.settings) if self._begun is None else self._begun.columns
        self._own.write(self.files.trials, trials_csv(results.records, columns))
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
