"""Registries: names that a config may use, and what stands behind them.

Every kind of plug-in (layer types, tasks, data sets, ...) has one registry. A user adds to it with
``qgtune.register(kind, name)`` or with an entry point of the group ``qgtune.<kind>``.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from qgtune.core.diagnostics import did_you_mean

T = TypeVar("T")


class UnknownNameError(LookupError):
    """A name that no registry entry has; ``hint`` names the nearest one."""

    def __init__(self, kind: str, name: str, hint: str) -> None:
        super().__init__(kind, name, hint)
        self.kind = kind
        self.name = name
        self.hint = hint

    def __str__(self) -> str:
        return f"no {self.kind} is named {self.name!r}; {self.hint}"


class Registry(Generic[T]):
    """The names of one kind of plug-in.

    Args:
        kind: what an entry is, in the singular, for messages.
        group: its name in the entry point group, ``qgtune.<group>``; by default ``kind``.
    """

    def __init__(self, kind: str, group: str = "") -> None:
        self.kind = kind
        self._group = f"qgtune.{group or kind}"
        self._entries: dict[str, T] = {}
        self._loaded_entry_points = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that makes its argument known under ``name``; a later entry replaces an earlier.

        Example:
            >>> shapes = Registry("shape")
            >>> @shapes.register("round")
            ... class Round: ...
            >>> "round" in shapes
            True
        """

        def add(entry: T) -> T:
            self._entries[name] = entry
            return entry

        return add

    def __getitem__(self, name: str) -> T:
        self._load_entry_points()
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownNameError(self.kind, name, did_you_mean(name, self._entries)) from None

    def __contains__(self, name: object) -> bool:
        self._load_entry_points()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load_entry_points()
        return iter(sorted(self._entries))

    def _load_entry_points(self) -> None:
        # Once, and only when a name is asked for: scanning installed packages costs milliseconds, and so does
        # the import of what scans them.
        if self._loaded_entry_points:
            return
        self._loaded_entry_points = True
        from importlib.metadata import entry_points

        for point in entry_points(group=self._group):
            self._entries.setdefault(point.name, point.load())


_own_names: dict[str, set[str]] = {}


def note_own_name(kind: str, name: str) -> None:
    """Remember a name that a user has registered, for those who check a config without loading its rooms."""
    _own_names.setdefault(kind, set()).add(name)


def own_names(kind: str) -> frozenset[str]:
    """Return the names of one kind that were registered in this process.

    Example:
        >>> note_own_name("shape", "round")
        >>> own_names("shape")
        frozenset({'round'})
    """
    return frozenset(_own_names.get(kind, ()))
