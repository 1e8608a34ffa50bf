"""The trials of a study of several objectives that no other trial beats."""

from collections.abc import Iterable, Sequence

from qgtune.core.trials import TrialRecord


def pareto_front(records: Iterable[TrialRecord], directions: Sequence[str]) -> tuple[TrialRecord, ...]:
    """Return the complete trials that no other beats in one value without losing in another.

    Of trials with equal values the earliest stands for all.

    Args:
        records: any records; only complete ones with one value for each direction take part.
        directions: ``minimize`` or ``maximize``, one for each value.

    Example:
        >>> values = [(1.0, 9.0), (2.0, 2.0), (3.0, 3.0), (2.0, 2.0)]
        >>> records = [TrialRecord(i, "complete", pair, {}) for i, pair in enumerate(values)]
        >>> [record.number for record in pareto_front(records, ("minimize", "minimize"))]
        [0, 1]
    """
    signs = [-1.0 if direction == "maximize" else 1.0 for direction in directions]
    front: list[tuple[tuple[float, ...], TrialRecord]] = []
    for record in sorted(records, key=lambda record: record.number):
        if record.state != "complete" or len(record.values) != len(signs):
            continue
        losses = tuple(sign * value for sign, value in zip(signs, record.values, strict=True))
        if any(_is_no_worse(other, losses) for other, _ in front):
            continue
        front = [(other, kept) for other, kept in front if not _is_no_worse(losses, other)]
        front.append((losses, record))
    return tuple(record for _, record in front)


def _is_no_worse(ours: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    return all(our <= their for our, their in zip(ours, theirs, strict=True))
