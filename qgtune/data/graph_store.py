"""Graphs as a handful of flat arrays, and the one file that holds them.

The file is uncompressed, so that it is mapped into memory instead of read, and processes share its pages:

* 16 bytes that name the format, 8 bytes with the length of the header (little-endian);
* the header, JSON: the key, the description of the data set, name, dtype, shape and offset of each array
  that the graphs have;
* the arrays, little-endian, each at a multiple of 64 bytes.

The key is a digest of everything that the content follows from. A file appears under its name whole or not at
all, and one that is not what its name promises is recognised before anything of it is used.
"""

import hashlib
import json
import mmap
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qgtune.core.errors import QgtuneError

FORMAT_VERSION = 2
_MAGIC = b"qgtune graphs\r\n\0"
_ALIGNMENT = 64
_DTYPES = {
    "x": "<f4",
    "edge_index": "<i8",
    "node_ptr": "<i8",
    "edge_ptr": "<i8",
    "edge_weight": "<f4",
    "edge_attr": "<f4",
    "graph_features": "<f4",
    "node_part": "<i1",
}
_CLASSES, _VALUES = "<i8", "<f4"

Labels: TypeAlias = NDArray[np.int64] | NDArray[np.float32]
"""Classes, whole numbers from 0, or values."""


class GraphFileError(QgtuneError):
    """A file that does not hold the graphs it should; its text names the file and what was expected."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} is not the expected file of graphs: {self.reason}"


@dataclass(frozen=True, eq=False)
class GraphArrays:
    """G graphs with N nodes and E edges in all, one after the other.

    Args:
        x: node features, float32 [N, F].
        edge_index: source and target of each edge, numbered within its graph, int64 [2, E].
        node_ptr: where the nodes of each graph begin, and the end of the last, int64 [G + 1].
        edge_ptr: the same of the edges, int64 [G + 1].
        y: of each target the class, int64, or the value, float32: [G, T] for graphs, [N, T] for nodes, where
            -1 is the class of a node whose class is unknown.
        edge_weight: of each edge, float32 [E], if there are weights.
        edge_attr: edge features, float32 [E, K], if there are any.
        graph_features: float32 [G, K], if there are any.
        node_part: int8 [N], 0 for nodes to train on, 1 to validate, 2 to test, -1 for neither, if the data
            set says so itself.
    """

    x: NDArray[np.float32]
    edge_index: NDArray[np.int64]
    node_ptr: NDArray[np.int64]
    edge_ptr: NDArray[np.int64]
    y: Labels
    edge_weight: NDArray[np.float32] | None = None
    edge_attr: NDArray[np.float32] | None = None
    graph_features: NDArray[np.float32] | None = None
    node_part: NDArray[np.int8] | None = None


class Graph(NamedTuple):
    """The arrays of one graph: of y it has [T] numbers, or [nodes, T] where nodes are what is labelled."""

    x: NDArray[np.float32]
    edge_index: NDArray[np.int64]
    y: Labels
    edge_weight: NDArray[np.float32] | None = None
    edge_attr: NDArray[np.float32] | None = None
    graph_features: NDArray[np.float32] | None = None
    node_part: NDArray[np.int8] | None = None


def stack_graphs(graphs: Iterable[Graph]) -> GraphArrays:
    """Return the flat arrays of one or more graphs, in their order; all of them have the same parts.

    Example:
        >>> graph = Graph(np.zeros((3, 1), np.float32), np.array([[0, 1], [1, 2]]), np.array([0]))
        >>> stack_graphs([graph, graph]).node_ptr.tolist()
        [0, 3, 6]
    """
    xs, edges, ys, weights, attrs, features, parts = zip(*graphs, strict=True)
    y: Any = np.concatenate([each if each.ndim == 2 else each[None] for each in ys])
    return GraphArrays(
        x=np.concatenate(xs).astype(np.float32, copy=False),
        edge_index=np.concatenate(edges, axis=1).astype(np.int64, copy=False),
        node_ptr=np.cumsum([0, *(len(x) for x in xs)], dtype=np.int64),
        edge_ptr=np.cumsum([0, *(edge.shape[1] for edge in edges)], dtype=np.int64),
        y=y.astype(np.float32 if y.dtype.kind == "f" else np.int64, copy=False),
        edge_weight=_joined(weights, np.float32),
        edge_attr=_joined(attrs, np.float32),
        graph_features=_joined([None if row is None else row.reshape(1, -1) for row in features], np.float32),
        node_part=_joined(parts, np.int8),
    )


def _joined(parts: Sequence[Any], dtype: type[np.generic]) -> Any:
    """Put the part of each graph behind the one before; None where the graphs have no such part."""
    if parts[0] is None:
        return None
    return np.concatenate(parts).astype(dtype, copy=False)


def content_key(description: Mapping[str, Any]) -> str:
    """Return the digest of a JSON-like description and of the version of the file format: 32 hex digits.

    Example:
        >>> content_key({"seed": 0}) == content_key({"seed": 1})
        False
    """
    text = json.dumps({"format": FORMAT_VERSION, **description}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def write_graphs(path: Path, arrays: GraphArrays, *, key: str, meta: Mapping[str, Any]) -> None:
    """Leave at ``path`` a file of graphs, or, if anything fails, what was there before.

    Args:
        path: where the file shall stand; its folder must exist.
        arrays: the graphs.
        key: the digest that ``read_graphs`` will ask for.
        meta: what else belongs to the data set, JSON-like.

    Raises:
        OSError: if the file cannot be written.
    """
    dtypes = {**_DTYPES, "y": _VALUES if np.asarray(arrays.y).dtype.kind == "f" else _CLASSES}
    blocks = {
        name: np.ascontiguousarray(block, dtype)
        for name, dtype in dtypes.items()
        if (block := getattr(arrays, name)) is not None
    }
    entries: dict[str, dict[str, Any]] = {}
    end = 0
    for name, block in blocks.items():
        start = _aligned(end)
        end = start + block.nbytes
        entries[name] = {"dtype": dtypes[name], "shape": block.shape, "offset": start}
    header = json.dumps(
        {"format": FORMAT_VERSION, "key": key, "meta": meta, "arrays": entries, "bytes": end}, sort_keys=True
    ).encode()
    begin = _aligned(len(_MAGIC) + 8 + len(header))
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(_MAGIC + len(header).to_bytes(8, "little") + header)
            for name, block in blocks.items():
                file.seek(begin + entries[name]["offset"])
                file.write(block.tobytes())
            file.truncate(begin + end)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_graphs(path: Path, *, key: str) -> tuple[GraphArrays, dict[str, Any]]:
    """Return the graphs of a file, mapped into memory, and the ``meta`` that was written with them.

    The arrays are private to the process: whoever writes to them changes neither the file nor what other
    processes see.

    Raises:
        FileNotFoundError: if there is no such file.
        GraphFileError: if the file is cut short, or is of another kind, version or key.
    """
    with path.open("rb") as file:
        prelude = file.read(len(_MAGIC) + 8)
        if prelude[: len(_MAGIC)] != _MAGIC:
            raise GraphFileError(path, f"it should begin with {_MAGIC!r}, not {prelude[: len(_MAGIC)]!r}")
        length = int.from_bytes(prelude[len(_MAGIC) :], "little")
        # The size is asked of the open file: the name may already belong to a newer one.
        size = os.fstat(file.fileno()).st_size
        header = _parsed_header(path, file.read(min(length, size)), length, key)
        begin = _aligned(len(_MAGIC) + 8 + length)
        expected = begin + header["bytes"]
        if size != expected:
            raise GraphFileError(path, f"it should have {expected} bytes, and has {size}")
        # mode c: torch wants arrays that may be written to, and the file must never change.
        mapped = np.asarray(np.memmap(file, dtype=np.uint8, mode="c"))
    found = {}
    for field in fields(GraphArrays):
        if field.name not in header["arrays"]:
            continue
        entry = header["arrays"][field.name]
        shape, dtype = tuple(entry["shape"]), np.dtype(entry["dtype"])
        start = begin + entry["offset"]
        raw = mapped[start : start + int(np.prod(shape)) * dtype.itemsize]
        found[field.name] = raw.view(dtype).reshape(shape)
    return GraphArrays(**found), header["meta"]


def is_mapped(arrays: GraphArrays) -> bool:
    """Return whether the node features are those of a file that is mapped into memory."""
    owner: Any = arrays.x
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    return isinstance(owner, mmap.mmap)


def is_storable(arrays: GraphArrays) -> bool:
    """Return whether a file gives back these very arrays, and not rounded ones."""
    blocks = {name: getattr(arrays, name) for name in (*_DTYPES, "y")}
    dtypes = {**_DTYPES, "y": _VALUES if arrays.y.dtype.kind == "f" else _CLASSES}
    return all(block is None or block.dtype == dtypes[name] for name, block in blocks.items())


def _parsed_header(path: Path, raw: bytes, length: int, key: str) -> dict[str, Any]:
    if len(raw) != length:
        raise GraphFileError(path, f"its header should have {length} bytes, and {len(raw)} are there")
    try:
        header: dict[str, Any] = json.loads(raw)
    except ValueError as error:
        raise GraphFileError(path, f"its header should be JSON: {error}") from error
    if header.get("format") != FORMAT_VERSION:
        raise GraphFileError(
            path, f"it should have format {FORMAT_VERSION}, and has {header.get('format')!r}"
        )
    if header["key"] != key:
        raise GraphFileError(path, f"it should have the key {key}, and has {header['key']}")
    return header


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT
