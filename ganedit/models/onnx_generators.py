"""Generators in ONNX files, such as tf2onnx makes of a TensorFlow model; a stranger's file until it is checked.

An ONNX file is a program. It is refused if it reads other files, calls operators that are not in the standard, or has
loops, and it runs with a limited memory.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import BadCheckpointError
from ganedit.models.foreign import adopt
from ganedit.models.onnx_sessions import open_session
from ganedit.models.snapshots import Snapshot

_STANDARD = ("", "ai.onnx")
_ENDLESS = ("Loop", "Scan")
_LONGEST_Z = 4096


def read_onnx(path: Path) -> Snapshot:
    """Read a generator whose one input is z, (N, z_dim) or (N, z_dim, 1, 1), and whose one output is pictures.

    Raises:
        BadCheckpointError: it is damaged, hostile, too hungry, or no such generator.
    """
    _check(path)
    session = open_session(path, confined=True)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    sound = len(shape) in (2, 4) and all(side == 1 for side in shape[2:]) and inputs[0].type == "tensor(float)"
    if not sound or len(outputs) != 1 or not isinstance(shape[1], int) or not 0 < shape[1] <= _LONGEST_Z:
        raise BadCheckpointError(
            f"{path.name} does not make pictures of one vector z, (N, z_dim) in 32-bit floats; export the generator "
            "alone."
        )
    name, z_dim, single = inputs[0].name, shape[1], shape[0] == 1

    def run(z: Tensor) -> Tensor:
        rows = z.reshape(-1, *shape[1:]).numpy()
        parts = np.split(rows, len(rows)) if single else [rows]
        return torch.from_numpy(np.concatenate([np.asarray(session.run(None, {name: part})[0]) for part in parts]))

    return adopt(run, z_dim, "ONNX", path)


def _check(path: Path) -> None:
    """Look at the file as data, before anything in it runs."""
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # damaged bytes lead the parser to any error there is
        raise BadCheckpointError(f"{path.name} is damaged or no ONNX file; export it again.") from error
    for message in _messages(model):
        if isinstance(message, onnx.TensorProto) and message.data_location == onnx.TensorProto.EXTERNAL:
            raise BadCheckpointError(f"{path.name} keeps weights in other files; export it with all of them inside.")
        if isinstance(message, onnx.NodeProto) and (message.domain not in _STANDARD or message.op_type in _ENDLESS):
            raise BadCheckpointError(
                f"{path.name} uses {message.op_type[:60]}, which no generator needs; export it without."
            )


def _messages(message: Any) -> Iterator[Any]:
    """Walk through a protobuf message and all inside it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type:
            for part in [value] if hasattr(value, "ListFields") else value:
                yield from _messages(part)
