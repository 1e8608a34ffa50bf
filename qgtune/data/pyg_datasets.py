"""The data set ``pyg``: a data set of PyTorch Geometric, by its class and arguments, generated or on disk."""

import contextlib
import inspect
import io
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch_geometric import datasets
from torch_geometric.data import Data, Dataset

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.data.declared_facts import as_declared
from qgtune.data.graph_dataset import GraphDataset
from qgtune.data.pyg_graphs import dataset_from_graphs
from qgtune.schema.data_on_disk import PygSettings

CLASS_PATH, ROOT_PATH, ARGUMENTS_PATH = ("data", "dataset"), ("data", "root"), ("data", "arguments")
# A config cannot write a function, and processing anew in every worker would only disturb the others.
NOT_ARGUMENTS = {"self", "root", "transform", "pre_transform", "pre_filter", "force_reload", "log"}


def open_pyg_dataset(settings: PygSettings, *, base_dir: Path) -> Any:
    """Return the object of a class of PyTorch Geometric that generates graphs, or has its files on disk.

    The class processes raw files as it always does, into its folder ``processed``; processes that begin at
    the same time wait for each other. It is never asked to download.

    Args:
        settings: the class and what it is given.
        base_dir: where a relative ``root`` starts.

    Raises:
        ConfigValueError: at ``data.dataset``, ``data.root`` or ``data.arguments``: there is no such class, or
            its files are not there or cannot be read.
    """
    kind = find_pyg_class(settings.dataset)
    _check_root(settings, takes_root="root" in _parameters(kind))
    _check_arguments(settings, _parameters(kind))
    if settings.root is None:
        with _named_reasons(settings, None), _seeded(settings.seed):
            return kind(**settings.arguments)
    root = base_dir / Path(settings.root).expanduser()
    if not root.is_dir():
        raise ConfigValueError(ROOT_PATH, f"there is no folder {root}", _how_to_get(settings))
    with _named_reasons(settings, root), _alone(root), contextlib.redirect_stderr(io.StringIO()):
        return _without_download(kind, root, settings)(root=str(root), **settings.arguments)


def processed_files(opened: Dataset) -> list[Path]:
    """Return the files that an opened data set reads its graphs from; none if it does not say."""
    try:
        return [Path(path) for path in opened.processed_paths]
    except NotImplementedError:
        return []


def dataset_of_pyg(opened: Dataset, settings: PygSettings, *, base_dir: Path) -> GraphDataset:
    """Return the data set of the graphs of an opened data set of PyTorch Geometric.

    Raises:
        ConfigValueError: at ``data.dataset`` or ``data.root``: its graphs cannot be read, or make no data
            set; at ``data.num_classes`` or ``data.num_node_features``: they are not as it says.
    """
    root = None if settings.root is None else base_dir / Path(settings.root).expanduser()
    with _named_reasons(settings, root):
        graphs = list(opened)
    _check_graphs(graphs, settings)
    try:
        dataset = dataset_from_graphs(
            graphs,
            name=_shown(settings),
            level=settings.level,
            predicts=settings.labels_are,
            masks=settings.masks,
        )
    except (TypeError, ValueError) as error:
        takes_attributes = "use_node_attr" in _parameters(find_pyg_class(settings.dataset))
        about_features = "feature" in str(error) or "has no x" in str(error)
        hint = (
            "arguments: {use_node_attr: true} takes attributes" if takes_attributes and about_features else ""
        )
        where = "" if root is None else f" in {root}"
        raise ConfigValueError(CLASS_PATH, f"{_shown(settings)}{where}: {error}", hint) from error
    return as_declared(dataset, settings)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed all generators that a class may draw from, and leave them as they were."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - PyG itself draws from it
    try:
        with torch.random.fork_rng(devices=[]):
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002 - PyG itself draws from it
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002 - PyG itself draws from it


def _parameters(kind: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(kind.__init__).parameters


def find_pyg_class(name: str) -> Any:
    """Return the class of ``torch_geometric.datasets`` with this name.

    Raises:
        ConfigValueError: at ``data.dataset``: there is none, or it is no data set.
    """
    names = [known for known in datasets.__all__ if inspect.isclass(getattr(datasets, known))]
    if name not in names:
        rule = f"torch_geometric.datasets has no class {name!r}"
        raise ConfigValueError(CLASS_PATH, rule, did_you_mean(name, names))
    kind = getattr(datasets, name)
    if not issubclass(kind, Dataset):
        rule = f"the class must be a data set of PyTorch Geometric, and {name} is none"
        raise ConfigValueError(CLASS_PATH, rule, "a function of your own can make them: file.py:factory")
    return kind


def _check_root(settings: PygSettings, *, takes_root: bool) -> None:
    if takes_root and settings.root is None:
        rule = f"{settings.dataset} reads its graphs from a folder, and root is absent"
        raise ConfigValueError(("data",), rule, "write root: the folder of its raw or processed files")
    if not takes_root and settings.root is not None:
        rule = f"{settings.dataset} generates its graphs, and takes no root"
        raise ConfigValueError(ROOT_PATH, rule, "leave out root; seed decides what is generated")


def _check_arguments(settings: PygSettings, parameters: Mapping[str, inspect.Parameter]) -> None:
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    legal = {
        name: parameter
        for name, parameter in parameters.items()
        if name not in NOT_ARGUMENTS
        and parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
    }
    for key in settings.arguments:
        if key in NOT_ARGUMENTS or (key not in legal and not takes_any):
            rule = f"{settings.dataset} takes no argument {key!r} from a config"
            raise ConfigValueError((*ARGUMENTS_PATH, key), rule, did_you_mean(key, legal), is_key=True)
    for name, parameter in legal.items():
        if parameter.default is parameter.empty and name not in settings.arguments:
            rule = f"{settings.dataset} needs the argument {name!r}, which is absent"
            path = ARGUMENTS_PATH if settings.arguments else ("data",)
            raise ConfigValueError(path, rule, f"write arguments: {{{name}: ...}}")


@contextlib.contextmanager
def _named_reasons(settings: PygSettings, root: Path | None) -> Iterator[None]:
    """Say of whatever the class stumbles over that its files cannot be read, or its graphs not generated."""
    try:
        yield
    except ConfigValueError:
        raise
    except Exception as error:
        # The class reads whatever lies in the folder, and stumbles over it in a way of its own.
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if root is None:
            rule = f"{_shown(settings)} cannot be generated: {reason}"
            raise ConfigValueError(ARGUMENTS_PATH if settings.arguments else CLASS_PATH, rule) from error
        rule = f"{_shown(settings)} cannot be read from {root}: {reason}"
        hint = (
            "the files may be cut short or of another kind; without the folder processed they are read anew"
        )
        raise ConfigValueError(ROOT_PATH, rule, hint) from error


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other processes from processing the same files; a folder that cannot be written needs no lock."""
    lock = FileLock(root / ".qgtune.lock")
    try:
        lock.acquire()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _without_download(kind: Any, root: Path, settings: PygSettings) -> Any:
    """Return the same class, except that it says which files are absent instead of fetching them."""
    if kind.download is Dataset.download:
        return kind

    def refuse(dataset: Any) -> None:
        absent = [path for path in map(Path, dataset.raw_paths) if not path.exists()]
        processed = [Path(path) for path in dataset.processed_paths]
        if not absent or all(path.exists() for path in processed):
            return
        names = ", ".join(path.name for path in absent[:4]) + (", ..." if len(absent) > 4 else "")
        rule = f"{_shown(settings)} is not in {root}: {absent[0].parent} lacks {names}"
        raise ConfigValueError(ROOT_PATH, rule, _how_to_get(settings))

    return type(
        kind.__name__, (kind,), {"_download": refuse, "download": refuse, "__module__": kind.__module__}
    )


def _check_graphs(graphs: list[Any], settings: PygSettings) -> None:
    """Refuse what no task on graphs can take, in words for that."""
    for index, graph in enumerate(graphs):
        if not isinstance(graph, Data):
            rule = (
                f"graphs must be of one kind of nodes and edges, and number {index} of {_shown(settings)} is"
            )
            raise ConfigValueError(CLASS_PATH, f"{rule} a {type(graph).__name__}")


def _how_to_get(settings: PygSettings) -> str:
    given = "".join(f", {key}={value!r}" for key, value in settings.arguments.items())
    call = f"torch_geometric.datasets.{settings.dataset}(root={settings.root!r}{given})"
    return f"nothing is downloaded here; in Python, {call} does it"


def _shown(settings: PygSettings) -> str:
    values = ", ".join(f"{key}={value}" for key, value in settings.arguments.items())
    return f"{settings.dataset}({values})" if values else settings.dataset
