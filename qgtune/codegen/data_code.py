"""How a script gets its graphs, and how it splits them."""

from pathlib import PurePath

from qgtune.codegen.contents import Factory, PygClass, SavedGraphs, ScriptContents, TorchFile
from qgtune.codegen.model_code import batch_fields
from qgtune.codegen.source import Imports, arguments, block, literal, statement

_MASKS = {"training": "train_mask", "validation": "val_mask", "testing": "test_mask"}


def data_code(contents: ScriptContents, imports: Imports) -> list[str]:
    """Return the lines of the function ``load_graphs``."""
    imports.name("torch_geometric.data", "Data")
    rows = "nodes" if contents.on_nodes else "1"
    shapes = f"x [nodes, {contents.data.num_node_features}], y [{rows}, {len(contents.data.target_names)}]"
    head = ["def load_graphs() -> list[Data]:", f'    """Return the graphs, each with {shapes}."""']
    match contents.data.source:
        case SavedGraphs(file):
            # A list of plain dicts: torch reads it without running code.
            body = [f"return [Data(**graph) for graph in torch.load({_in_folder(file, imports)})]"]
        case TorchFile(path):
            body = [
                "# Objects of PyG's own classes: only for a file that you trust.",
                f"dataset = torch.load({_in_folder(path, imports)}, weights_only=False)",
                *_as_plain_graphs(contents),
            ]
        case PygClass() as source:
            body = [*_pyg_class(source, imports), *_as_plain_graphs(contents)]
        case source:
            body = [*_factory(source, imports), *_as_plain_graphs(contents)]
    return [*head, *block(body)]


def saved_fields(contents: ScriptContents) -> tuple[str, ...]:
    """Return what a graph has in a file that is written for the script."""
    masks = [_MASKS[section] for section in contents.sections] if contents.data.has_masks else []
    return ("x", "edge_index", "y", *batch_fields(contents), *masks)


def _in_folder(path: str, imports: Imports) -> str:
    """Return a path as source; a relative one starts from the script's folder."""
    if PurePath(path).is_absolute() or path.startswith("~"):
        imports.name("pathlib", "Path")
        expanded = ".expanduser()" if path.startswith("~") else ""
        return f"Path({literal(path)}){expanded}"
    return f"FOLDER / {literal(path)}"


def uses_folder(contents: ScriptContents) -> bool:
    """Whether the script looks for anything relative to its own folder."""
    path: str | None
    match contents.data.source:
        case SavedGraphs(path) | TorchFile(path) | PygClass(root=path) | Factory(folder=path):
            return path is not None and not PurePath(path).is_absolute() and not path.startswith("~")


def _pyg_class(source: PygClass, imports: Imports) -> list[str]:
    name = imports.name("torch_geometric.datasets", source.name)
    if source.root is None:
        seed = imports.name("torch_geometric", "seed_everything")
        made = statement(f"dataset = {name}(", arguments((), source.arguments))
        return ["# The graphs are generated from this seed.", f"{seed}({source.seed})", *made]
    root = f"root=str({_in_folder(source.root, imports)})"
    return statement(f"dataset = {name}(", [root, *arguments((), source.arguments)])


def _factory(source: Factory, imports: Imports) -> list[str]:
    imports.module("importlib")
    imports.module("sys")
    return [
        f"sys.path.insert(0, str({_in_folder(source.folder, imports)}))",
        f"module = importlib.import_module({literal(source.module)})",
        *statement(f"dataset = module.{source.function}(", arguments((), source.settings)),
    ]


def _as_plain_graphs(contents: ScriptContents) -> list[str]:
    """Return the lines that take of each graph what is used, in the types in which it is used."""
    kind = "torch.float32" if contents.predicts_values else "torch.int64"
    rows = "len(graph.x), -1" if contents.on_nodes else "1, -1"
    given = {
        "x": "torch.as_tensor(graph.x, dtype=torch.float32).reshape(len(graph.x), -1)",
        "edge_index": "graph.edge_index",
        "y": f"torch.as_tensor(graph.y, dtype={kind}).reshape({rows})",
        "edge_weight": "graph.edge_weight.float().reshape(-1)",
        "edge_attr": "graph.edge_attr.float().reshape(graph.num_edges, -1)",
        "graph_features": "torch.as_tensor(graph.graph_features, dtype=torch.float32).reshape(1, -1)",
        **{mask: f"graph.{mask}" for mask in _MASKS.values()},
    }
    fields = [f"{name}={given[name]}" for name in saved_fields(contents)]
    return [
        "return [",
        "    Data(",
        *(f"        {field}," for field in fields),
        "    )",
        "    for graph in dataset",
        "]",
    ]


def split_code(contents: ScriptContents, imports: Imports) -> list[str]:
    """Return the lines of the function ``split``; none where the graphs have parts of their own."""
    if contents.data.has_masks:
        return []
    imports.module("numpy", "np")
    if contents.data.strata == "values":
        return _SPLIT_OF_VALUES
    small = _SMALL_CLASSES if contents.data.has_small_classes else []
    at = _SPLIT.index("    rng = np.random.default_rng(SEED)")
    return [*_SPLIT[:at], *small, *_SPLIT[at:]]


def parts_code(contents: ScriptContents) -> list[str]:
    """Return the lines of ``main`` that set the numbers of the samples of each part, from ``labels``."""
    names = ", ".join(contents.sections)
    if contents.data.has_masks:
        known = " & (labels >= 0).all(axis=1)" if contents.data.has_unknown_labels else ""
        return [
            f"{section} = np.flatnonzero(data.{_MASKS[section]}.cpu().numpy(){known})"
            for section in contents.sections
        ]
    shares = [getattr(contents.config, section).split for section in contents.sections]
    if contents.data.strata == "values":
        return [f"{names} = split(len(labels), {shares})"]
    lines: list[str] = []
    unknown = contents.data.has_unknown_labels
    if unknown:
        lines.append("known = np.flatnonzero((labels >= 0).all(axis=1))")
    rows = "labels[known]" if unknown else "labels"
    if contents.data.strata == "combined":
        lines.append("# A class is a combination of the classes of all targets.")
        lines.append(f"classes = np.unique({rows}, axis=0, return_inverse=True)[1].reshape(-1)")
    else:
        lines.append(f"classes = {'labels[known, 0]' if unknown else 'labels[:, 0]'}")
    if unknown:
        return [*lines, f"{names} = (known[part] for part in split(classes, {shares}))"]
    return [*lines, f"{names} = split(classes, {shares})"]


_SPLIT = '''\
def split(classes: np.ndarray, shares: list[float]) -> list[np.ndarray]:
    """Return the numbers of the samples of each part, with each class in each part in proportion."""
    rng = np.random.default_rng(SEED)
    place = np.empty(len(classes))
    for each in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == each))
        # Systematic sampling: equal steps from a random start.
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    mixed = np.argsort(place, kind="stable")
    ends = np.rint(np.cumsum(shares) * len(classes)).astype(int)
    return [rng.permutation(part) for part in np.split(mixed, ends)[: len(shares)]]
'''.splitlines()
_SMALL_CLASSES = """\
    # Classes with fewer members than there are parts are shared out as if they were one.
    _, classes, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    classes = np.where(sizes[classes] >= len(shares), classes, -1)
""".splitlines()
_SPLIT_OF_VALUES = '''\
def split(count: int, shares: list[float]) -> list[np.ndarray]:
    """Return the numbers of the samples of each part, at random."""
    rng = np.random.default_rng(SEED)
    mixed = rng.permutation(count)
    # Where there are classes qgtune draws where each begins; here it only moves the random numbers on.
    rng.random()
    ends = np.rint(np.cumsum(shares) * count).astype(int)
    return [rng.permutation(part) for part in np.split(mixed, ends)[: len(shares)]]
'''.splitlines()
