"""Attributes of pictures from strangers' JSON: values by name, few and short, and the table of all of them."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from ganedit.errors import BadDataError
from ganedit.models.conditions import entries_of

MAX_NAMES, MAX_VALUES = 64, 512
"""Attributes, and values of all attributes together, that a data set may have."""

_MAX_LETTERS = 64
_MAX_VALUES_OF_ONE = 16

Attributes = Mapping[str, Sequence[str]]


def read_attributes(found: object) -> Attributes:
    """Check the attributes of one picture.

    Args:
        found: parsed JSON: an object whose values are a text, a number, true or false, or a list of them; null says
            nothing. Numbers and truth become the text that JSON has for them.

    Returns:
        Values by attribute; most have one.

    Raises:
        BadDataError: it is something else, too many or too long.
    """
    if not isinstance(found, dict):
        raise BadDataError('Attributes must be an object, such as {"hair": "long"}.')
    if len(found) > MAX_NAMES:
        raise BadDataError(f"It has {len(found)} attributes, of which at most {MAX_NAMES} can be used.")
    return {_short(name): _values(name, value) for name, value in found.items() if value is not None}


def _values(name: str, found: object) -> tuple[str, ...]:
    listed = found if isinstance(found, list) else [found]
    if len(listed) > _MAX_VALUES_OF_ONE or not all(isinstance(each, str | int | float) for each in listed):
        raise BadDataError(f"{name} must be a text, a number, or a list of at most {_MAX_VALUES_OF_ONE} of them.")
    return tuple(dict.fromkeys(_short(each if isinstance(each, str) else json.dumps(each)) for each in listed))


def _short(text: str) -> str:
    """Give a name or a value as it stands in the table."""
    text = " ".join(text.split())
    if not 0 < len(text) <= _MAX_LETTERS or not text.isprintable():
        raise BadDataError(f"Names and values of attributes must be printable and have 1 to {_MAX_LETTERS} letters.")
    return text


def tabulate(found: Sequence[Attributes]) -> tuple[dict[str, list[str]], list[list[int]]]:
    """Put together what all pictures have.

    Args:
        found: attributes of each picture.

    Returns:
        All values by attribute, both sorted; and for each picture the numbers of its entries in a multi-hot vector.

    Raises:
        BadDataError: there are too many.
    """
    seen: dict[str, set[str]] = {}
    for attributes in found:
        for name, values in attributes.items():
            seen.setdefault(name, set()).update(values)
    count = sum(map(len, seen.values()))
    if len(seen) > MAX_NAMES or count > MAX_VALUES:
        raise BadDataError(
            f"The pictures have {len(seen)} attributes with {count} values, of which at most {MAX_NAMES} with "
            f"{MAX_VALUES} can be used; leave out those that differ from picture to picture."
        )
    table = {name: sorted(seen[name]) for name in sorted(seen) if seen[name]}
    entries = entries_of(table)
    rows = [[entries[name, value] for name, values in each.items() for value in values] for each in found]
    return table, [sorted(row) for row in rows]


def multi_hots(rows: Sequence[Sequence[int]] | None, length: int) -> np.ndarray | None:
    """Turn the numbers of entries of N pictures into (N, length) bool; None for None."""
    if rows is None:
        return None
    vectors = np.zeros((len(rows), length), bool)
    for vector, row in zip(vectors, rows, strict=True):
        vector[list(row)] = True
    return vectors
