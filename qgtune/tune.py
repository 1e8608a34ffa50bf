"""QGTune's functions, under their own names: a QGTune script works after ``from qgtune import tune``.

They are thin: the compiler does the work. Everything that is wrong with the files is raised as one
``DiagnosticError`` whose text shows every problem with file, line and column.
"""

import functools
import os
import pathlib
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from qgtune.compiler.best_values import best_trial_config
from qgtune.compiler.building.selection import Selection, parse_pattern
from qgtune.compiler.built_file import write_built_once
from qgtune.compiler.cache import CompilationCache
from qgtune.compiler.emit import best_trial_text, respliced_text
from qgtune.compiler.files import shown_path
from qgtune.compiler.linking.objects import with_objects
from qgtune.compiler.linking.patterns import patterns_to_nothing
from qgtune.compiler.load import read_data_file
from qgtune.compiler.planning.reading import Trial
from qgtune.core.diagnostics import Diagnostic, render_diagnostics
from qgtune.core.errors import DiagnosticError, QgtuneError, QgtuneWarning
from qgtune.core.files import write_atomically
from qgtune.core.paths import PathSyntaxError
from qgtune.space import EvaluationError

if TYPE_CHECKING:
    from qgtune.study import Study

PathLike = str | os.PathLike[str]

_cache = CompilationCache()


def build_search_space_with_dependencies(  # noqa: PLR0913, PLR0917 - QGTune's signature
    search_space_file: PathLike,
    depmap_file: PathLike | None,
    trial: Trial,
    tune_model: bool = False,
    tune_training: bool = True,
    base_settings_file: PathLike | None = None,
    built_search_space_file: PathLike | None = None,
    *,
    tune: Sequence[str] | None = None,
    allow_pyobjects: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a trial's config: every parameter sampled, every reference filled.

    Call it once a trial from any objective, in threads and in processes. Files that did not change since the
    last call are not read again; files that did are. The config is plain dict and list, and shared with no
    other call.

    Args:
        search_space_file: the search space. What it does not mention stays as in the base settings.
        depmap_file: the dependency map, or None.
        trial: an Optuna trial, or anything with its ``suggest_*`` methods.
        tune_model: whether the section ``model`` varies. Default False: it is the base settings' own.
        tune_training: whether the section ``training`` varies. Default True.
        base_settings_file: the base settings; needed if either of the two is False. Default None.
        built_search_space_file: where to write the first trial's config, each tuned line with its domain as a
            comment. Written atomically, once a study. Default None: nowhere.
        tune: paths of what varies, such as ``["training", "model.gcn_net[*].dropout"]``; the rest is the base
            settings' own. Default None: everything that the two flags leave.
        allow_pyobjects: Python objects that the search space may name with ``!pyobject``, and modules of
            which it may name everything; the config then holds the objects themselves. Default: none.

    Returns:
        The config, with the sections of the files as keys.

    Raises:
        DiagnosticError: if something is wrong with the files; its text is all of it.
        QgtuneError: if ``tune`` names nothing, or if an object cannot be imported.
        optuna.TrialPruned: if an expression has no value for what was sampled, such as a division by zero.

    Example:
        >>> import optuna, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "space.yaml").write_text("training: {lr: {type: float, low: 0.1, high: 0.2}}")
        >>> _ = (folder / "map.yaml").write_text("")
        >>> trial = optuna.trial.FixedTrial({"training.lr": 0.15})
        >>> build_search_space_with_dependencies(
        ...     folder / "space.yaml", folder / "map.yaml", trial, tune_model=True
        ... )
        {'training': {'lr': 0.15}}
    """
    selection = _tuned(bool(tune_model), bool(tune_training), None if tune is None else tuple(tune))
    files = (search_space_file, depmap_file, base_settings_file)
    compilation, is_new = _cache.get(files, selection, tuple(allow_pyobjects))
    if is_new:
        for _, message, hint in patterns_to_nothing(selection, compilation.space):
            raise QgtuneError(f"{message}; {hint}" if hint else message)
    if is_new and compilation.warnings:
        warnings.warn(render_diagnostics(compilation.warnings), QgtuneWarning, stacklevel=2)
    try:
        config = compilation.plan.resolve(trial)
    except EvaluationError as error:
        from qgtune.study import OptunaTrialPruned  # a config without a value is no trial's fault

        raise OptunaTrialPruned(str(error)) from error
    if compilation.plan.is_conditional:
        _advise_on_sampler(trial)
    if built_search_space_file is not None:
        is_first = getattr(trial, "number", 0) == 0
        write_built_once(pathlib.Path(built_search_space_file), compilation, config, is_first=is_first)
    return with_objects(config) if compilation.plan.names_objects else config


def build_search_space(
    config_file: PathLike, trial: Trial, *, allow_pyobjects: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a trial's config from the one-file form of later QGTune, with its tags.

    Args:
        config_file: the search space; everything in it varies that is marked, with a tag or as a parameter.
        trial: an Optuna trial, or anything with its ``suggest_*`` methods.
        allow_pyobjects: as for ``build_search_space_with_dependencies``. Default: none.

    Raises:
        DiagnosticError: if something is wrong with the file; its text is all of it.
        optuna.TrialPruned: as for ``build_search_space_with_dependencies``.

    Example:
        >>> import optuna, pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "config.yaml"
        >>> _ = file.write_text("model: {width: !sweep {values: [16, 32]}, depth: 3}")
        >>> build_search_space(file, optuna.trial.FixedTrial({"model.width": 32}))
        {'model': {'width': 32, 'depth': 3}}
    """
    return build_search_space_with_dependencies(
        config_file, None, trial, tune_model=True, allow_pyobjects=allow_pyobjects
    )


def _advise_on_sampler(trial: Trial) -> None:
    """Warn once a study if its sampler has no eye for what only some trials have."""
    study = getattr(trial, "study", None)
    if study is None:
        return
    from qgtune.study import conditional_space_advice

    advice = conditional_space_advice(study)
    if advice:
        warnings.warn(advice, QgtuneWarning, stacklevel=3)


@functools.cache
def _tuned(model: bool, training: bool, patterns: tuple[str, ...] | None) -> Selection:
    """Return what varies; made once, since every trial asks for it."""
    sections = {"model": model, "training": training}
    untuned = frozenset(section for section, tuned in sections.items() if not tuned)
    try:
        return Selection(untuned, None if patterns is None else tuple(map(parse_pattern, patterns)))
    except PathSyntaxError as error:
        raise QgtuneError(f"tune: {error}") from error


def get_tuning_settings(tuning_config_path: PathLike) -> dict[str, Any]:
    """Return the settings of a tuning file as it spells them, for a script of your own.

    Args:
        tuning_config_path: the tuning file. Keys that qgtune does not know stay; a warning names them.

    Raises:
        DiagnosticError: if the file cannot be read, or is not a mapping of settings.
    """
    from qgtune.compiler.tuning import unknown_keys  # pydantic: only where it is needed

    document = read_data_file(pathlib.Path(tuning_config_path))
    settings = document.data
    if not isinstance(settings, dict):
        place = document.locate(())
        raise DiagnosticError((Diagnostic("QG401", "a tuning file is a mapping of settings", place),))
    unknown = unknown_keys(document)
    if unknown:
        warnings.warn(render_diagnostics(unknown), QgtuneWarning, stacklevel=2)
    return cast("dict[str, Any]", settings)


def create_study(tuning_config: Mapping[str, Any]) -> "Study":
    """Return the Optuna study that the settings name: a new one, or the one that its storage holds.

    It samples and prunes as a run of the tuning file would. By default that is TPE, and the median rule: not
    before two trials have finished, not before the fifth epoch, and at every fifth.

    Args:
        tuning_config: settings as ``get_tuning_settings`` returns them: ``study_name``, ``storage`` (a
            journal file, or None for a study in memory), ``direction`` (default ``minimize``) or
            ``directions``, ``seed``, ``sampler`` and ``pruner``. The samplers ``grid`` and ``qmc`` read the
            search space that the settings name, relative to the current folder.

    Raises:
        ConfigValueError: if the storage, a direction, the sampler or the pruner cannot be used.
        DiagnosticError: if a search space that the sampler has to know has problems.

    Example:
        >>> create_study({"study_name": "example", "direction": "maximize"}).study_name
        'example'
    """
    from qgtune.sampling import chosen_in  # pydantic, and Optuna, which takes most of a second to import
    from qgtune.study import create_study as create

    sampler, pruner = chosen_in(tuning_config)
    return create(
        tuning_config.get("study_name"),
        tuning_config.get("storage"),
        tuning_config.get("directions") or tuning_config.get("direction") or "minimize",
        seed=tuning_config.get("seed"),
        sampler=sampler,
        pruner=pruner,
    )


def save_best_trial(study: "Study", out_file: PathLike) -> None:
    """Write the parameters of a study's best trial to a YAML file, as names and values.

    Args:
        study: a study with at least one complete trial.
        out_file: the file to write, atomically.

    Raises:
        QgtuneError: if no trial is complete yet.
    """
    try:
        params = study.best_trial.params
    except (ValueError, RuntimeError) as error:
        raise QgtuneError(f"the study {study.study_name!r} has no best trial: {error}") from error
    path = pathlib.Path(out_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, best_trial_text(params, []))


def save_best_config(
    built_search_space_file: PathLike,
    best_trial_file: PathLike,
    depmap_file: PathLike | None,
    output_file: PathLike,
) -> None:
    """Write the best trial's whole config: the built search space with the best values, references filled.

    With conditions, or lists of tuned length, the config of one trial cannot tell that of another: then the
    best trial must be the one that the built search space was made from. Any trial's own config is had from
    ``build_search_space_with_dependencies`` with ``optuna.trial.FixedTrial(study.best_params)``.

    Args:
        built_search_space_file: as ``build_search_space_with_dependencies`` wrote it.
        best_trial_file: as ``save_best_trial`` wrote it.
        depmap_file: the dependency map, or None.
        output_file: the file to write, atomically.

    Raises:
        DiagnosticError: if a file cannot be read, if the best trial has a parameter that is not in the built
            search space, or if the space is conditional and the best trial another one.
    """
    built_file = pathlib.Path(built_search_space_file)
    built = read_data_file(built_file)
    best = read_data_file(pathlib.Path(best_trial_file))
    dependencies = None if depmap_file is None else pathlib.Path(depmap_file)
    config = best_trial_config(built, best, dependencies)
    header = [f"The best trial's config: {shown_path(built_file)} with the values of {best.source.name}."]
    path = pathlib.Path(output_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, respliced_text(built, config, header))


__all__ = [
    "build_search_space",
    "build_search_space_with_dependencies",
    "create_study",
    "get_tuning_settings",
    "save_best_config",
    "save_best_trial",
]
