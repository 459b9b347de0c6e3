"""What G and D are told about each picture of a data set: its class, its caption, its attributes, or nothing."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from ganedit.errors import BadDataError, BadRecipeError
from ganedit.models.conditions import one_hot, text_condition
from ganedit.models.text import ENCODER, ENCODER_SHA256, TextEncoder, load_text_encoder
from ganedit.training.data import Dataset

Kind = Literal["none", "class", "text", "attributes"]

_AT_ONCE = 1024
_EXAMPLES = 1024


class Conditions:
    """The condition of every picture, as numbers and as words.

    Attributes:
        c_dim: length of a condition; 0 for none.
        facts: what a snapshot must say so that its generator can be told the same: ``condition``, ``class_names``,
            ``attributes`` (values by attribute, in the order of the entries), ``examples`` (of some pictures, their
            entries, which show what goes together, or their captions) and ``text_encoder`` (name and sha256).
    """

    def __init__(self, kind: Kind, dataset: Dataset) -> None:
        """Make the conditions; texts are encoded once and kept in the data's folder.

        Raises:
            BadRecipeError: the data do not have what the recipe wants.
            BadDataError: the encoded texts cannot be written.
            WeightsUnavailableError: texts need the encoder, and it could be had from nowhere.
        """
        if missing := _missing(kind, dataset):
            raise BadRecipeError(f"data.condition = {kind} needs {missing}.")
        self._kind, self._dataset = kind, dataset
        self._texts = _Texts(dataset) if kind == "text" else None
        table = dataset.attribute_values
        self.c_dim = {
            "none": 0,
            "class": len(dataset.class_names),
            "text": self._texts.length if self._texts else 0,
            "attributes": sum(map(len, table.values())),
        }[kind]
        self.facts: Mapping[str, Any] = {
            "condition": kind,
            "class_names": list(dataset.class_names) if kind == "class" else [],
            "attributes": {name: list(values) for name, values in table.items()} if kind == "attributes" else {},
            "examples": self._examples(),
            "text_encoder": {"name": ENCODER, "sha256": ENCODER_SHA256} if kind == "text" else None,
        }

    def _examples(self) -> list[list[int]] | list[str]:
        spread = _spread(len(self._dataset), min(_EXAMPLES, len(self._dataset)))
        if self._kind == "attributes" and self._dataset.attributes is not None:
            return [row.nonzero()[0].tolist() for row in self._dataset.attributes[spread]]
        return list(dict.fromkeys(self._texts.first(spread)[1])) if self._texts else []

    def of(self, indices: np.ndarray, seed: int = 0) -> np.ndarray | None:
        """Give the conditions of pictures.

        Args:
            indices: (n,) int64, where they stand in the data set.
            seed: decides which of its captions a picture that has several is told about, whatever its neighbors.

        Returns:
            (n, c_dim) float32, or None.
        """
        dataset = self._dataset
        if self._kind == "class" and dataset.labels is not None:
            return one_hot(dataset.labels[indices], self.c_dim)
        if self._kind == "attributes" and dataset.attributes is not None:
            return dataset.attributes[indices].astype(np.float32)
        return self._texts.of(indices, seed) if self._texts else None

    def texts(self) -> np.ndarray:
        """Give (N, c_dim) float32, for each picture the mean of what its captions tell.

        Raises:
            ValueError: the condition is no text.
        """
        if not self._texts:
            raise ValueError("There are no captions.")
        return self._texts.means()

    def samples(self, count: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Give conditions that show what there is: the classes in turn, or what pictures spread over the data have.

        Returns:
            (count, c_dim) float32 and a line of words for each; None and nothing without conditions.
        """
        dataset = self._dataset
        if self._kind == "class":
            labels = np.arange(count) % self.c_dim
            return one_hot(labels, self.c_dim), tuple(dataset.class_names[label] for label in labels)
        spread = _spread(len(dataset), count)
        if self._texts:
            return self._texts.first(spread)
        if self._kind == "attributes" and dataset.attributes is not None:
            pairs = [f"{name}: {value}" for name, values in dataset.attribute_values.items() for value in values]
            lines = (", ".join(pairs[entry] for entry in row.nonzero()[0]) for row in dataset.attributes[spread])
            return self.of(spread), tuple(lines)
        return None, ()


def _spread(length: int, count: int) -> np.ndarray:
    """Number ``count`` pictures that lie evenly over all ``length``."""
    return np.linspace(0, length - 1, count).round().astype(np.int64)


def _missing(kind: Kind, dataset: Dataset) -> str | None:
    """What a kind of condition needs and the data do not have."""
    if kind == "class" and dataset.labels is None:
        return "pictures in two or more sub-folders, one a class"
    if kind == "text" and dataset.captions is None:
        return "captions, in captions.jsonl or in text files named like the pictures"
    if kind == "attributes" and dataset.attributes is None:
        tried = [note for note in dataset.notes if "attributes" in note]
        reason = f" ({tried[0].rstrip('.')})" if tried else ""
        return f"attributes, in attributes.jsonl or in JSON files named like the pictures{reason}"
    return None


class _Texts:
    """The captions of all pictures as vectors; a picture without one has the vector of the empty text."""

    def __init__(self, dataset: Dataset) -> None:
        captions = [text.split("\n") for text in dataset.captions or ()]
        self._lines = list(dict.fromkeys(line for lines in captions for line in lines))
        number = {line: index for index, line in enumerate(self._lines)}
        self._numbers = np.array([number[line] for lines in captions for line in lines], np.int64)
        self._counts = np.array([len(lines) for lines in captions], np.int64)
        self._starts = np.cumsum(self._counts) - self._counts
        self._vectors = _encoded(self._lines, dataset.folder)
        self.length = self._vectors.shape[1]

    def of(self, indices: np.ndarray, seed: int) -> np.ndarray:
        places = self._starts[indices]
        if self._counts.max() > 1:
            # Drawn for all pictures, so that it does not matter how many processes share the batch.
            chance = np.random.default_rng(seed).random(len(self._counts))[indices]
            places = places + (chance * self._counts[indices]).astype(np.int64)
        return text_condition(self._vectors[self._numbers[places]])

    def means(self) -> np.ndarray:
        told = text_condition(self._vectors[self._numbers])
        return np.add.reduceat(told, self._starts, axis=0) / self._counts[:, None].astype(np.float32)

    def first(self, indices: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        numbers = self._numbers[self._starts[indices]]
        return text_condition(self._vectors[numbers]), tuple(self._lines[number] for number in numbers)


def _encoded(lines: Sequence[str], folder: Path) -> np.ndarray:
    """Open the vectors of texts in the folder of the data that they belong to; encode them if they are not there."""
    path = folder / f"captions-{ENCODER_SHA256[:16]}.npy"
    try:
        vectors = np.load(path, mmap_mode="r")
        if len(vectors) == len(lines):
            return vectors
    except (OSError, ValueError, EOFError):
        pass
    encoder = load_text_encoder()
    try:
        handle, fresh = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as out:
                _write(out, encoder, lines)
            os.replace(fresh, path)
        finally:
            Path(fresh).unlink(missing_ok=True)
        return np.load(path, mmap_mode="r")
    except OSError as error:
        raise BadDataError(
            f"The encoded captions cannot be kept in {folder} ({error.strerror}), free some room."
        ) from error


def _write(out: IO[bytes], encoder: TextEncoder, lines: Sequence[str]) -> None:
    """Write vectors from front to back: on a full disk that is an error, and memory holds few of them."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (len(lines), encoder.length)}
    np.lib.format.write_array_header_1_0(out, header)
    for start in range(0, len(lines), _AT_ONCE):
        out.write(encoder.encode(lines[start : start + _AT_ONCE]).astype("<f4").tobytes())
