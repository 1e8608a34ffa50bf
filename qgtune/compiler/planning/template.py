"""What every trial's config begins as."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Container = Any
"""A dict or a list of a config that is being filled."""


class Hung(NamedTuple):
    """Where a container hangs: the number of the one that holds it, its key there, and its own number."""

    holder: int
    key: str | int
    number: int


@dataclass(frozen=True, slots=True)
class Template:
    """A config with None wherever a trial writes, in pieces that are quickly copied and put together.

    Args:
        containers: every dict and list that a config can have, the config itself first, with None where
            another one hangs.
        hung: which of them hang where.
        stock: what switches put into a config: single values, and None where it is a container.
        stocked: the containers among the stock, as its number and theirs.
    """

    containers: tuple[Container, ...]
    hung: tuple[Hung, ...]
    stock: tuple[Any, ...]
    stocked: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, containers: Sequence[Container], stock: Sequence[Any]) -> "Template":
        """Return the template of containers that hang in each other, and of what switches put there."""
        numbers = {id(container): number for number, container in enumerate(containers)}
        bare = tuple(container.copy() for container in containers)
        hung: list[Hung] = []
        for number, container in enumerate(bare):
            for key, value in container.items() if isinstance(container, dict) else enumerate(container):
                if id(value) in numbers:
                    hung.append(Hung(number, key, numbers[id(value)]))
        for holder, key, _ in hung:
            bare[holder][key] = None
        stocked = tuple((i, numbers[id(data)]) for i, data in enumerate(stock) if id(data) in numbers)
        single = tuple(None if id(data) in numbers else data for data in stock)
        return cls(bare, tuple(hung), single, stocked)

    def fresh(self) -> tuple[list[Container], list[Any]]:
        """Return a copy of the containers, put together, and of the stock."""
        containers = [container.copy() for container in self.containers]
        for holder, key, number in self.hung:
            containers[holder][key] = containers[number]
        stock = list(self.stock)
        for i, number in self.stocked:
            stock[i] = containers[number]
        return containers, stock
