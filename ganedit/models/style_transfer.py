"""Any picture as a style: Magenta's two networks out of their ONNX files.

The predictor turns a style picture into 100 numbers and runs in onnxruntime as it is. The painter's file works at 384
px alone and takes statistics over all it sees, so that tiles would not agree. Its weights, 8 bits each, are taken into
a network of ours instead, which has neither limit.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor

from ganedit.errors import BadCheckpointError
from ganedit.models.archs.arbitrary_style import REACH_PX, ArbitraryStyle, names_of_layers

STYLE_PX = 256
"""Side of the style picture that the predictor sees."""


class StyleTransfer:
    """Predicts styles and paints with them; safe to use from many threads.

    Attributes:
        tiles: whether a picture can be painted in parts.
        reach_px: how far from a pixel the painter looks once it has the statistics of the whole.
        bytes: size of its weights in memory.
    """

    tiles, reach_px = True, REACH_PX

    def __init__(self, predictor: Path, painter: Path) -> None:
        """Read both files.

        Raises:
            BadCheckpointError: one is damaged, or another network.
        """
        try:
            self._predictor = onnxruntime.InferenceSession(str(predictor), providers=["CPUExecutionProvider"])
            self._painter = read_painter(painter)
        except Exception as error:
            raise BadCheckpointError("The files of the style network are damaged; fetch it again.") from error
        self.bytes = predictor.stat().st_size + sum(each.nbytes for each in self._painter.state_dict().values())

    def style(self, picture: Tensor) -> Tensor:
        """Turn a style picture (1, 3, 256, 256) in [0, 1] into (1, 100)."""
        given = {self._predictor.get_inputs()[0].name: picture.permute(0, 2, 3, 1).numpy().astype(np.float32)}
        (style,) = self._predictor.run(None, given)
        return torch.from_numpy(np.asarray(style)).reshape(1, -1)

    @torch.inference_mode()
    def begin(self, style: Tensor, whole: Tensor) -> Callable[[Tensor], Tensor]:
        """Look at a picture, or a small copy of it, and give what paints its tiles.

        Args:
            style: (1, 100), what ``style`` gave.
            whole: (1, 3, H, W) float32 in [0, 1].

        Returns:
            What turns a tile (1, 3, H, W) in [0, 1] into a painted one; sides are multiples of 4.
        """
        statistics = self._painter.look(whole, style)

        @torch.inference_mode()
        def paint(tile: Tensor) -> Tensor:
            return self._painter(tile, style, statistics)

        return paint


def read_painter(path: Path) -> ArbitraryStyle:
    """Take the weights of Magenta's painter out of its quantized graph.

    Raises:
        KeyError: a weight is missing.
        RuntimeError: a weight has another shape.
    """
    model = onnx.load(str(path), load_external_data=False)
    weights = _dequantized(model.graph)
    network = ArbitraryStyle()
    state = {}
    for name, scope in names_of_layers().items():
        own = network.get_submodule(name)
        state[f"{name}.weight"] = torch.from_numpy(weights[f"{scope}/weights"]).reshape(own.weight.shape)  # type: ignore[operator]
        bias = weights.get(f"{scope}/Conv2D_bias")  # the converter shares one zero among those that have none
        state[f"{name}.bias"] = torch.zeros(len(own.bias)) if bias is None else torch.from_numpy(bias)  # type: ignore[arg-type]
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def _dequantized(graph: Any) -> dict[str, np.ndarray]:
    """Give what is stored in few bits as float32, by its name."""
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    values = {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and all(name in stored for name in node.input):
            quantized, scale, zero = (stored[name].astype(np.float32) for name in node.input)
            along = (-1,) + (1,) * (quantized.ndim - 1) if scale.ndim else ()
            values[node.input[0]] = (quantized - zero.reshape(along)) * scale.reshape(along)
    return values
