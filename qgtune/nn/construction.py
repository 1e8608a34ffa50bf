"""Construction of modules from config values, with the config's path in every error."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

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

    Raises:
        ConfigValueError: at ``path``, with the factory's own words, if it refuses its arguments.
    """
    taken = without_untaken(factory, kwargs)
    try:
        return factory(*args, **taken)
    except Exception as error:
        name = getattr(factory, "__name__", repr(factory))
        given = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in taken.items())])
        raise ConfigValueError(path, f"{name}({given}) cannot be built: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """Return the error's text on one line, or its type's name if it has none."""
    return " ".join(str(error).split()) or type(error).__name__
