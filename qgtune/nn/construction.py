"""Construction of modules from config values, with the config's path in every error."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.core.registry import Registry, UnknownNameError
from qgtune.nn.layers import ModuleFactory, without_untaken

T = TypeVar("T")


def entry(registry: Registry[T], name: str, path: Path) -> T:
    """Return the registry's entry of that name.

    Raises:
        ConfigValueError: at ``path``, if there is none.
    """
    try:
        return registry[name]
    except UnknownNameError as error:
        raise ConfigValueError(path, f"no {error.kind} is named {name!r}", error.hint) from None


def construct(factory: ModuleFactory, args: Sequence[Any], kwargs: Mapping[str, Any], path: Path) -> Any:
    """Return ``factory(*args, **kwargs)`` without the keyword arguments that the factory does not take.

    Under ``torch.device("meta")`` a factory that needs values to build its module gets them: its module then
    stands on the CPU.

    Raises:
        ConfigValueError: at ``path``, with the factory's own words, if it refuses its arguments.
    """
    taken = without_untaken(factory, kwargs)
    try:
        return with_values_where_needed(lambda: factory(*args, **taken))
    except Exception as error:
        name = getattr(factory, "__name__", repr(factory))
        given = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in taken.items())])
        raise ConfigValueError(path, f"{name}({given}) cannot be built: {one_line(error)}") from error


def with_values_where_needed(act: Callable[[], T]) -> T:
    """Return what ``act`` gives; if it fails under ``torch.device("meta")``, what it gives on the CPU.

    Tensors on the meta device have a shape and no values, so whatever depends on a value fails there: a mask
    that selects edges, an operator that has no meta kernel. A failure on the CPU is a failure.
    """
    if torch.get_default_device().type == "meta":
        try:
            return act()
        except Exception:  # noqa: BLE001 - a missing kernel has no exception of its own
            with torch.device("cpu"):
                return act()
    return act()


def one_line(error: BaseException) -> str:
    """Return the error's text on one line, or its type's name if it has none."""
    return " ".join(str(error).split()) or type(error).__name__
