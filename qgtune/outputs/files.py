"""Where a run writes, and whether it can."""

import pathlib
from dataclasses import dataclass

from qgtune.compiler.files import shown_path
from qgtune.compiler.prepare import Prepared
from qgtune.compiler.tuning import spelling_in
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import DiagnosticError
from qgtune.core.files import check_can_be_written
from qgtune.core.wording import reason_of
from qgtune.schema.tuning import FIXED_NAMES, TuningSettings


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Where a run writes."""

    folder: pathlib.Path
    built_search_space: pathlib.Path
    best_trial: pathlib.Path
    best_config: pathlib.Path
    trials: pathlib.Path
    best_params: pathlib.Path
    study_summary: pathlib.Path
    config: pathlib.Path
    summary_report: pathlib.Path
    report: pathlib.Path

    @property
    def front(self) -> pathlib.Path:
        """The folder for the configs of a Pareto front, one file for each of its trials."""
        return self.folder / "best_configs"

    @property
    def plots(self) -> pathlib.Path:
        """The folder for pictures."""
        return self.folder / "plots"

    @property
    def pickle(self) -> pathlib.Path:
        """The study as a pickled object; only where somebody has asked for it."""
        return self.folder / "study.pkl"

    @classmethod
    def of(cls, settings: TuningSettings, folder: pathlib.Path) -> "OutputFiles":
        """Return the paths that the settings name, or their defaults in the output folder."""
        files = settings.output_files(folder)
        return cls(
            settings.output_folder(folder),
            files["built_search_space_path"],
            files["best_trial_path"],
            files["best_config_path"],
            *(files[name] for name in FIXED_NAMES),
        )


def check_outputs(prepared: Prepared) -> None:
    """Make every folder that is written to, and check that every file can be written there.

    Raises:
        DiagnosticError: at the setting that names the file or the folder that cannot be.
    """
    tuning = prepared.tuning
    for setting, file in tuning.settings.output_files(tuning.folder).items():
        try:
            check_can_be_written(file)
        except OSError as error:
            given = setting in tuning.settings.model_fields_set
            name = spelling_in(tuning.document, setting) if given else "output_dir"
            message = f"results cannot be written to {shown(error)}: {reason_of(error)}"
            place = tuning.locate_first(setting, "output_dir", "study_name")
            raise DiagnosticError((Diagnostic("QG413", message, place, f"set {name}"),)) from error


def shown(error: OSError) -> str:
    """Return the file or folder at fault, as messages name it."""
    return shown_path(pathlib.Path(str(error.filename)))
