"""QGTune's functions, under their own names: a QGTune script works after ``from qgtune import tune``.

They are thin: the compiler does the work. Everything that is wrong with the files is raised as one
``DiagnosticError`` whose text shows every problem with file, line and column.
"""

import functools
import os
import pathlib
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from qgtune.compiler.building.selection import Selection, parse_pattern
from qgtune.compiler.cache import CompilationCache
from qgtune.compiler.emit import (
    alias_links,
    best_trial_text,
    built_header,
    built_search_space_text,
    compound_choices,
    conditional_parameters,
    respliced_text,
)
from qgtune.compiler.files import shown_path
from qgtune.compiler.linking.objects import with_objects
from qgtune.compiler.linking.patterns import patterns_to_nothing
from qgtune.compiler.load import fill_references, read_data_file
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.planning.reading import Trial, walk_config
from qgtune.core.diagnostics import Diagnostic, did_you_mean, render_diagnostics
from qgtune.core.errors import DiagnosticError, QgtuneError, QgtuneWarning
from qgtune.core.files import write_atomically
from qgtune.core.paths import Path, PathSyntaxError, parameter_name
from qgtune.document import Document, same_value
from qgtune.space import EvaluationError

if TYPE_CHECKING:
    from qgtune.study import Study

PathLike = str | os.PathLike[str]

_cache = CompilationCache()
_written_lock = threading.Lock()
_written: dict[pathlib.Path, str] = {}
"""The built search spaces that this process wrote or found: file -> fingerprint of the space."""


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
        _write_built_once(pathlib.Path(built_search_space_file), compilation, config, trial)
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


def _write_built_once(
    file: pathlib.Path, compilation: Compilation, config: dict[str, Any], trial: Trial
) -> None:
    """Write the config if this is a study's first trial, or if the file is missing or of another space."""
    fingerprint = compilation.plan.fingerprint
    is_first = getattr(trial, "number", 0) == 0
    with _written_lock:
        known = file.exists() and (_written.get(file) or _fingerprint_of(file))
        if not is_first and known == fingerprint:
            _written[file] = fingerprint
            return
        text = built_search_space_text(compilation, config, built_header(compilation, config))
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text)
        _written[file] = fingerprint


def _fingerprint_of(file: pathlib.Path) -> str:
    try:
        with file.open(encoding="utf-8") as text:
            for line in text:
                if not line.startswith("#"):
                    return ""
                if line.startswith("# search space "):
                    return line.split()[-1]
    except (OSError, UnicodeDecodeError):
        pass
    return ""


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
    parameters = conditional_parameters(built)
    if parameters is None:
        config = _with_best_values(built, best)
        dependencies = None if depmap_file is None else pathlib.Path(depmap_file)
        config = fill_references(built, config, dependencies, alias_links(built))
    else:
        config = _same_trial(built, best, parameters)
    header = [
        f"The best trial's config: {shown_path(built_file)} with the values of {best.source.name}.",
    ]
    path = pathlib.Path(output_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, respliced_text(built, config, header))


def _same_trial(built: Document, best: Document, parameters: dict[str, Path]) -> dict[str, Any]:
    """Return the config of a conditional space that was built from the best trial itself.

    Raises:
        DiagnosticError: if it was built from another trial.
    """
    config = built.data
    choices = compound_choices(built)
    values = {str(name): value for name, value in best.data.items()} if isinstance(best.data, dict) else {}
    names = dict.fromkeys([*values, *parameters])
    for name in sorted(names, key=lambda name: name not in values or name not in parameters):
        if name in values and name in parameters:
            labels = [label for label, choice in choices.get(name, []) if same_value(label, values[name])]
            value = next((c for label, c in choices.get(name, []) if label in labels), values[name])
            here = walk_config(config, parameters[name])
            if same_value(value, here):
                continue
            difference = f"{name} is {values[name]!r} in the best trial, and {here!r} in {built.source.name}"
        else:
            both = ("the best trial", built.source.name)
            having, lacking = both if name in values else reversed(both)
            difference = f"{having} has {name}, and {lacking} has not"
        message = f"one config of a conditional search space does not tell another, but {difference}"
        place = best.locate((name,)) if name in values else best.locate(())
        hint = (
            "take the best_config.yaml of qgtune TUNING.yaml, or the config that "
            "build_search_space_with_dependencies returns for optuna.trial.FixedTrial(study.best_params)"
        )
        raise DiagnosticError((Diagnostic("QG504", message, place, hint),))
    return cast("dict[str, Any]", config)


def _with_best_values(built: Document, best: Document) -> dict[str, Any]:
    """Return the built config with the best trial's values at the paths that their names spell."""
    config = built.data
    places = {parameter_name(path): path for path in _paths(config, ())}
    choices = compound_choices(built)
    values = best.data
    problems: list[Diagnostic] = []
    for name, value in (values if isinstance(values, dict) else {}).items():
        if str(name) not in places:
            message = f"{built.source.name} has no {name}"
            hint = did_you_mean(str(name), places)
            problems.append(Diagnostic("QG501", message, best.locate((name,)), hint))
            continue
        *parents, last = places[str(name)]
        container = config
        for part in parents:
            container = container[part]
        pairs = choices.get(str(name), [])
        container[last] = next((choice for label, choice in pairs if same_value(label, value)), value)
    if problems:
        raise DiagnosticError(tuple(problems))
    return cast("dict[str, Any]", config)


def _paths(value: Any, path: Path) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, item in inner:
        found += _paths(item, (*path, key))
    return found


__all__ = [
    "build_search_space_with_dependencies",
    "create_study",
    "get_tuning_settings",
    "save_best_config",
    "save_best_trial",
]
