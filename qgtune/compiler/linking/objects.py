"""Python objects that a config names: only those under an allow-list, and imported only for a trial."""

import importlib
from collections.abc import Iterable, Iterator
from typing import Any

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.problems import Problems
from qgtune.core.errors import QgtuneError
from qgtune.core.python_objects import PyObject
from qgtune.space import Categorical, Constant, Origin, Parameter


def check_objects(linked: LinkedSpace, allowed: Iterable[str], problems: Problems) -> None:
    """Report each object that a space names and that no entry of the allow-list covers; none is imported.

    Args:
        linked: the space.
        allowed: names of objects, and of modules of which everything is allowed.
        problems: receives what is wrong.
    """
    prefixes = tuple(allowed)
    for name, origin in _named(linked):
        if not any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes):
            message = f"the object {name} is not allowed, so it is not imported"
            hint = f"add {name}, or a module above it, to allow_pyobjects in the tuning file"
            problems.error("QG229", message, problems.at(origin), hint)


def names_objects(linked: LinkedSpace) -> bool:
    """Tell whether a config of a space can hold names of objects."""
    return any(True for _ in _named(linked))


def _named(linked: LinkedSpace) -> Iterator[tuple[str, Origin]]:
    for node in linked.nodes.values():
        values = (node.value,) if isinstance(node, Constant) else ()
        if isinstance(node, Parameter) and isinstance(node.domain, Categorical):
            values = node.domain.choices
        for value in values:
            yield from ((name, node.origin) for name in _in(value))


def _in(value: Any) -> Iterator[str]:
    if isinstance(value, PyObject):
        yield str(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _in(item)


def with_objects(config: Any) -> Any:
    """Return a config with the objects themselves in the place of their names; others are shared with it.

    Raises:
        QgtuneError: if an object cannot be imported.

    Example:
        >>> with_objects({"activation": PyObject("math.tanh")})["activation"](0.0)
        0.0
    """
    if isinstance(config, PyObject):
        return _imported(config)
    if isinstance(config, dict):
        return {key: with_objects(value) for key, value in config.items()}
    return [with_objects(item) for item in config] if isinstance(config, list) else config


def _imported(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise QgtuneError(f"the object {name} cannot be imported: {error}") from error
