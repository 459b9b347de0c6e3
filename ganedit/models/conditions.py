"""What a network is told besides z, as numbers: the same in training and in use.

A class is one-hot, attributes are multi-hot, and a text is its sentence vector with a mean square of 1. Vectors of
length 1 would have components of 1/20: beside a discriminator's score, how well they fit would be lost.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ganedit.errors import BadRequestError

Table = Mapping[str, Sequence[str]]
"""The values of each attribute, in the order of the entries of a multi-hot vector."""

_TOLD = 12


def one_hot(labels: Sequence[int] | np.ndarray, classes: int) -> np.ndarray:
    """Turn N numbers of classes into (N, classes) float32."""
    return (np.asarray(labels, np.int64)[:, None] == np.arange(classes)).astype(np.float32)


def text_condition(vectors: np.ndarray) -> np.ndarray:
    """Scale (N, D) vectors of length 1, as the text encoder gives them, to a mean square of 1; float32."""
    return vectors * np.float32(vectors.shape[1] ** 0.5)


def entries_of(table: Table) -> dict[tuple[str, str], int]:
    """Number the pairs of attribute and value as they stand in a multi-hot vector."""
    return {pair: index for index, pair in enumerate((key, value) for key, values in table.items() for value in values)}


def chosen_of(table: Table, entries: Sequence[int]) -> dict[str, list[str]]:
    """Give values by attribute of numbers of entries, as `multi_hot` takes them."""
    pairs, chosen = list(entries_of(table)), {}
    for entry in entries:
        name, value = pairs[entry]
        chosen.setdefault(name, []).append(value)
    return chosen


def multi_hot(table: Table, chosen: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Turn attributes into a vector; those that are not chosen are left open.

    Args:
        table: all attributes and values, as a snapshot's facts give them.
        chosen: values by attribute; most have one.

    Returns:
        (1, values in the table) float32 of 0 and 1.

    Raises:
        BadRequestError: the table has no such attribute or value.
    """
    entries = entries_of(table)
    vector = np.zeros((1, len(entries)), np.float32)
    for key, values in chosen.items():
        if key not in table:
            raise BadRequestError(f"There is no attribute {key[:60]}, choose among {_listed(table)}.")
        for value in values:
            if (key, value) not in entries:
                raise BadRequestError(f"{key} cannot be {value[:60]}, choose among {_listed(table[key])}.")
            vector[0, entries[key, value]] = 1
    return vector


def _listed(names: Iterable[str]) -> str:
    """Name a few of many."""
    names = list(names)
    return ", ".join(names[:_TOLD]) + (" and others" if len(names) > _TOLD else "")
