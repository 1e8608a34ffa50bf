"""The texts of a run's JSON files."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from qgtune.compiler.prepare import Prepared
from qgtune.compiler.tuning import spelling_in
from qgtune.core.passwords import without_passwords
from qgtune.reports.results import Results, spread
from qgtune.schema.outputs import BestParams, BestTrial, GitState, Reason, RunConfig, StudySummary, TopSpread
from qgtune.schema.tuning import TuningSettings

_LIBRARIES = ("qgtune", "optuna", "torch", "torch-geometric", "numpy", "scikit-learn", "pydantic", "pyyaml")


def best_params_text(results: Results) -> str:
    """Return the text of best_params.json."""
    return BestParams(
        study=results.study,
        metrics=list(results.metrics),
        directions=list(results.directions),  # type: ignore[arg-type]  # checked by the model
        trials=best_trials(results),
    ).text()


def study_summary_text(results: Results) -> str:
    """Return the text of study_summary.json."""
    finished = [record for record in results.records if record.state != "running"]
    started = [record.started for record in results.records if record.started is not None]
    ended = [record.ended for record in finished if record.ended is not None]
    return StudySummary(
        study=results.study,
        fingerprint=results.fingerprint,
        metrics=list(results.metrics),
        directions=list(results.directions),  # type: ignore[arg-type]  # checked by the model
        asked=results.total,
        counts=results.counts,
        reasons=reasons(results),
        best=best_trials(results),
        top=_spreads(results),
        started=min(started).isoformat() if started else None,
        ended=max(ended).isoformat() if ended else None,
        trial_seconds=round(sum(record.duration or 0.0 for record in finished), 3),
    ).text()


def reasons(results: Results) -> list[Reason]:
    """Return why trials came to nothing, as the JSON files have it."""
    return [Reason(state=s, reason=reason, count=n) for s, reason, n in results.reasons]


def best_trials(results: Results) -> list[BestTrial]:
    """Return the trials that no other one beats, as the JSON files have them."""
    return [
        BestTrial(number=record.number, values=list(record.values), params=record.params)
        for record in results.best
    ]


def _spreads(results: Results) -> list[TopSpread]:
    found = []
    for index, metric in enumerate(results.metrics):
        values = [record.values[index] for record in results.top]
        of_top = spread(values)
        if of_top is not None:
            found.append(
                TopSpread(
                    metric=metric,
                    count=len(values),
                    mean=of_top.mean,
                    standard_deviation=of_top.deviation,
                    least=of_top.least,
                    most=of_top.most,
                )
            )
    return found


def run_config_text(prepared: Prepared, results: Results) -> str:
    """Return the text of config.json: what was asked for, and with what it ran."""
    return RunConfig(
        study=results.study,
        fingerprint=results.fingerprint,
        settings=_settings(prepared),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        libraries=_versions(),
        git=_git_state(prepared.tuning.folder),
    ).text()


def _settings(prepared: Prepared) -> dict[str, Any]:
    """Return every setting; those that the file gives as it writes them, so that no home folder shows."""
    tuning = prepared.tuning
    written = tuning.document.data
    found = tuning.settings.model_dump(mode="json")
    for name in TuningSettings.model_fields:
        if tuning.gives(name):
            found[name] = written.get(spelling_in(tuning.document, name), found[name])
    journal = tuning.settings.journal(tuning.folder)
    if journal is not None and not tuning.gives("storage"):
        found["storage"] = journal.relative_to(tuning.folder).as_posix()
    if isinstance(found.get("storage"), str):
        found["storage"] = without_passwords(found["storage"])
    return found


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git_state(folder: Path) -> GitState | None:
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return GitState(commit=commit, changed=bool(changed))


def _git(folder: Path, *words: str) -> str:
    """Return what git says of the repository around a folder; nothing if there is neither."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(  # noqa: S603 - git, with words of our own
            command, capture_output=True, text=True, check=False, timeout=10, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
