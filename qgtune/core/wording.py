"""Small words that every message needs: numbers with their nouns, refusals of the system, numbers in JSON."""

import math
import os


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun in the singular or plural.

    Args:
        number: how many.
        noun: what, in the singular.
        plural: what, in the plural; by default the noun with an s.

    Example:
        >>> count(1, "trial"), count(2, "process", "processes")
        ('1 trial', '2 processes')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def reason_of(error: OSError) -> str:
    """Return why the system refused something, in a few words that follow a colon.

    Example:
        >>> reason_of(FileNotFoundError(2, "No such file or directory", "study.log"))
        'no such file or directory'
    """
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


def number_as_json(value: float) -> float | str:
    """Return a number, or the text that our JSON files have where JSON has no such number.

    Example:
        >>> number_as_json(0.5), number_as_json(float("-inf"))
        (0.5, '-Infinity')
    """
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
