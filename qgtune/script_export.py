"""One config as a stand-alone PyTorch Geometric script, which gives what ``qgtune train`` gives."""

import ast
import inspect
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qgtune.codegen import (
    DataFacts,
    Factory,
    GraphSource,
    PygClass,
    SavedGraphs,
    ScriptContents,
    Strata,
    TorchFile,
    saved_fields,
    script_text,
)
from qgtune.compiler.files import shown_path
from qgtune.compiler.runnable import RunnableConfig
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.files import check_can_be_written, write_atomically
from qgtune.core.paths import Path
from qgtune.core.wording import reason_of
from qgtune.schema.data_on_disk import PygSettings, TorchFileSettings
from qgtune.schema.data_paths import rebased_data
from qgtune.schema.gnn import TASK_SCHEMAS
from qgtune.single_training import default_metric

if TYPE_CHECKING:
    from qgtune.data import GraphDataset
    from qgtune.training import SupervisedTask

_PACKAGES = frozenset({"torch", "torch_geometric", "qgtune"})


def export_script(
    runnable: RunnableConfig, script: pathlib.Path, *, overwrite: bool = False
) -> tuple[pathlib.Path, ...]:
    """Return the files written: a script that trains a config without qgtune, and perhaps its graphs.

    The data are loaded, and everything is checked as before a training. Graphs that only qgtune can make, or
    read, are saved beside the script.

    Args:
        runnable: the config, its task and its data.
        script: where the script goes; its folder is made if there is none.
        overwrite: whether a script, and graphs, that are there and differ are replaced.

    Raises:
        DiagnosticError: for a value of the config or its data that cannot be used, or a part of the user's
            own, which cannot be written out.
        QgtuneError: if a file exists and differs, or cannot be written; then neither is.
    """
    # torch takes seconds to import, and a config with problems never gets here.
    from qgtune.data import load_dataset

    metric = runnable.metric or default_metric(runnable.task)
    try:
        task = _built_in(runnable.task)
        config = task.parse(runnable.config)
        for problem in _own_parts(config):
            raise problem
        data = {key: value for key, value in runnable.data.items() if key != "subset"}
        source = _source(rebased_data(data, runnable.folder, script.parent), runnable, script)
        for file in _files(script, source):
            _check_writable(file)
        dataset = load_dataset(data, base_dir=runnable.folder)
        task.check_data(dataset)
        task.check(config, dataset)
        direction = _checked_direction(task, config, dataset, metric)
        # Whatever prevents a split is told here.
        parts = task.split(config, dataset)
        _check_parts(task, runnable.config, config, len(parts["training"]), direction)
        facts = _facts(task, dataset, source, len(parts))
    except ConfigValueError as error:
        raise DiagnosticError((runnable.diagnostic(error),)) from error
    contents = ScriptContents(
        config_name=runnable.path.name, task=runnable.task, config=config, metric=metric, data=facts
    )
    return _write(script, contents, dataset, overwrite=overwrite)


def _built_in(name: str) -> "SupervisedTask":
    """Return a task that comes with qgtune.

    Raises:
        ConfigValueError: for one of the user's own, whose loss and model are not known here.
    """
    from qgtune.training import BUILT_IN, TASKS

    if name not in BUILT_IN or TASKS[name] is not BUILT_IN[name]:
        rule = f"a script can be written for a task that comes with qgtune, and {name} is one of your own"
        raise ConfigValueError(("task",), rule, f"these can be exported: {', '.join(BUILT_IN)}")
    return BUILT_IN[name]


def _own_parts(config: Any) -> Iterator[ConfigValueError]:
    """Yield an error for each part of the model that is not torch's, torch_geometric's or qgtune's."""
    from qgtune.nn import ACTIVATIONS, LAYERS, NORMALIZERS, POOLING

    model = config.model
    used: list[tuple[Any, str, Path]] = []
    for k, block in enumerate(model.gcn_net):
        here: Path = ("model", model.blocks_key, k)
        used.append((LAYERS, block.gnn_layer_type, (*here, "gnn_layer_type")))
        used.append((NORMALIZERS, block.normalizer, (*here, "normalizer")))
        used.append((ACTIVATIONS, block.activation, (*here, "activation")))
    used.append((ACTIVATIONS, model.classifier.activation, ("model", model.head_key, "activation")))
    if model.features_net is not None:
        path: Path = ("model", "graph_features_net", "activation")
        used.append((ACTIVATIONS, model.features_net.activation, path))
    used += [(POOLING, name, ("model", "pooling_layer")) for name in model.poolings]
    for registry, name, place in used:
        if getattr(registry[name], "__module__", "").partition(".")[0] not in _PACKAGES:
            rule = f"a script cannot hold the {registry.kind} {name!r}, which is one of your own"
            hint = "export with a built-in one, and put your own into the script by hand"
            yield ConfigValueError(place, rule, hint)


def _check_parts(
    task: "SupervisedTask", raw: Mapping[str, Any], config: Any, samples: int, direction: str
) -> None:
    """Return if model, optimizer and schedule can be built, as at the beginning of a training.

    Raises:
        ConfigValueError: at the value that is in the way.
    """
    from qgtune.training.loop.devices import choose_device, seeded
    from qgtune.training.loop.optimizers import make_optimizer
    from qgtune.training.loop.schedulers import Schedule

    training = config.training
    batches, steps = getattr(training, "batch_size", samples), getattr(training, "accumulate_batches", 1)
    told: list[str] = []
    with seeded(training.seed, choose_device("cpu", told.append)):
        optimizer = make_optimizer(training, task.build_model(raw).parameters())
        steps_per_epoch = max(1, -(-samples // (batches * steps)))
        Schedule(training, optimizer, steps_per_epoch=steps_per_epoch, direction=direction)


def _checked_direction(task: "SupervisedTask", config: Any, dataset: "GraphDataset", metric: str) -> str:
    """Return the direction of the metric that chooses the best epoch, if a script can take the metrics.

    Raises:
        ConfigValueError: for a metric that there is not, or that is the user's own.
    """
    from qgtune.training.scoring.metrics import direction_of

    schema = TASK_SCHEMAS[getattr(task, "name", "")]
    names: dict[Path, str | None] = {
        ("metric",): metric,
        ("training", "early_stopping_metric"): config.training.early_stopping_metric,
    }
    direction = ""
    for path, name in names.items():
        if name is None:
            continue
        direction = direction_of(name, task.target_names(dataset), path, task.metrics)
        if name.partition("/")[0] not in schema.metrics:
            rule = f"a script cannot take the metric {name!r}, which is one of your own"
            raise ConfigValueError(path, rule, f"these can be exported: {', '.join(schema.metrics)}")
    return direction


def _facts(task: "SupervisedTask", dataset: "GraphDataset", source: GraphSource, parts: int) -> DataFacts:
    labels = dataset.labels
    known = labels if dataset.predicts == "values" else labels[(labels >= 0).all(axis=1)]
    strata, has_small_classes = _strata(known, parts)
    return DataFacts(
        source=source,
        num_graphs=len(dataset),
        num_node_features=dataset.num_node_features,
        target_names=task.target_names(dataset),
        has_edge_weight=dataset.has_edge_weight,
        has_single_nodes=bool((np.diff(dataset.arrays.node_ptr) == 1).any()),
        strata=strata,
        has_small_classes=has_small_classes,
        has_masks=dataset.arrays.node_part is not None,
        has_unknown_labels=len(known) < len(labels),
    )


def _strata(labels: Any, parts: int) -> tuple[Strata, bool]:
    """Return what ``qgtune.data.split_graphs`` shares out in proportion, and whether a class is too small."""
    if labels.dtype.kind == "f":
        return "values", False
    if labels.shape[1] > 1 and np.unique(labels, axis=0, return_counts=True)[1].min() >= parts:
        return "combined", False
    return "first", bool(np.unique(labels[:, 0], return_counts=True)[1].min() < parts)


def _source(data: Mapping[str, Any], runnable: RunnableConfig, script: pathlib.Path) -> GraphSource:
    """Return where a script gets its graphs; ``data`` has paths that start from the script's folder."""
    from qgtune.data import DATASETS

    name = str(data["name"])
    saved = SavedGraphs(f"{script.stem}_graphs.pt")
    if name in DATASETS:
        return saved
    if name == "pyg":
        settings = PygSettings.model_validate(data)
        return PygClass(settings.dataset, settings.root, dict(settings.arguments), settings.seed)
    if name == "torch_file":
        from qgtune.data.torch_files import holds_a_list

        # Whatever else a file may hold is PyG's own way to store graphs, which only its classes read.
        listed = holds_a_list(TorchFileSettings.model_validate(runnable.data), base_dir=runnable.folder)
        return TorchFile(str(data["path"])) if listed else saved
    if ":" in name:
        return _factory(data, runnable, script) or saved
    return saved


def _factory(data: Mapping[str, Any], runnable: RunnableConfig, script: pathlib.Path) -> Factory | None:
    """Return the user's function that makes the graphs, or None if it cannot be called without qgtune."""
    from qgtune.data.user_factories import find_factory

    if _imports_qgtune(find_factory(str(runnable.data["name"]), base_dir=runnable.folder)):
        return None
    source, _, function = str(data["name"]).rpartition(":")
    settings = {key: value for key, value in data.items() if key not in ("name", "subset")}
    if not source.endswith(".py"):
        folder = rebased_data({"name": "pyg", "root": "."}, runnable.folder, script.parent)["root"]
        return Factory(str(folder), source, function, settings)
    file = pathlib.PurePath(source)
    # A name with a dot in it would be that of a module in a package.
    return None if "." in file.stem else Factory(file.parent.as_posix(), file.stem, function, settings)


def _imports_qgtune(function: Callable[..., Any]) -> bool:
    """Tell whether the file of a function imports qgtune, or cannot be read."""
    try:
        file = inspect.getsourcefile(function)
        tree = ast.parse(pathlib.Path(file or "").read_text(encoding="utf-8"))
    except (OSError, TypeError, ValueError, SyntaxError):
        return True
    imported = {
        name.name if isinstance(node, ast.Import) else node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    return any(module.partition(".")[0] == "qgtune" for module in imported)


def _write(
    script: pathlib.Path, contents: ScriptContents, dataset: "GraphDataset", *, overwrite: bool
) -> tuple[pathlib.Path, ...]:
    from qgtune.data.saved_graphs import graphs_content

    found = {script: script_text(contents).encode()}
    for graphs in _files(script, contents.data.source)[1:]:
        found[graphs] = graphs_content(dataset, saved_fields(contents))
    for file, content in found.items():
        if not overwrite and file.exists() and file.read_bytes() != content:
            raise QgtuneError(
                f"{shown_path(file)} exists, and is not what would be written; "
                "--overwrite puts the new one in its place"
            )
    # The script last: where it stands, it has its graphs.
    for file in reversed(found):
        try:
            write_atomically(file, found[file])
        except OSError as error:
            raise _unwritable(file, error) from error
    return tuple(found)


def _files(script: pathlib.Path, source: GraphSource) -> tuple[pathlib.Path, ...]:
    """Return the files of an export: the script, and the graphs that are saved with it."""
    return (script, script.with_name(source.file)) if isinstance(source, SavedGraphs) else (script,)


def _check_writable(file: pathlib.Path) -> None:
    try:
        check_can_be_written(file)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: pathlib.Path, error: OSError) -> QgtuneError:
    return QgtuneError(f"nothing can be written to {shown_path(file)}: {reason_of(error)}")
