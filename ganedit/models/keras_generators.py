"""Generators in ``.keras`` files, run by Keras 3 on torch; a stranger's file until it is checked.

Keras builds whatever layers the file names. So the names are compared with a list of those that generators are made of
before Keras sees them, the network is first built without memory to learn what it would need, and then it is loaded in
Keras's safe mode.
"""

import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.models.checkpoint import refuse_bomb
from ganedit.models.foreign import adopt
from ganedit.models.snapshots import Snapshot

_MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
_LARGEST_CONFIG_BYTES = 10_000_000
_LARGEST_MAP = 1 << 28
_BUILDING_BLOCKS = (
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.src.ops.numpy",
    "keras.src.ops.nn",
    "keras.src.models.functional",
    "keras.src.models.sequential",
)
_LAYERS = (
    *("InputLayer", "Dense", "Reshape", "Flatten", "Permute", "RepeatVector", "Dropout", "Rescaling", "Identity"),
    *("Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D", "UpSampling2D", "Resizing"),
    *("ZeroPadding2D", "Cropping2D", "AveragePooling2D", "MaxPooling2D", "GlobalAveragePooling2D"),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization"),
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "GaussianNoise"),
)


def read_keras(path: Path) -> Snapshot:
    """Read a generator whose one input is z, (N, z_dim), and whose one output is pictures.

    Raises:
        BadCheckpointError: it is damaged, hostile, too large, or no such generator.
        WeightsUnavailableError: Keras is not installed.
    """
    refuse_bomb(path)
    config, weights_bytes = _read_config(path)
    for named in _objects(config):
        if not _is_known(named):
            raise BadCheckpointError(
                f"{path.name} names {str(named['class_name'])[:60]}, which can run code or is no part of a generator; "
                "save it without."
            )
    keras = _import_keras()
    blueprint = _built(path, lambda: keras.models.model_from_json(json.dumps(config)), keras.device("meta"))
    _check_sizes(blueprint, weights_bytes, path.name)
    load = partial(keras.saving.load_model, path, compile=False, safe_mode=True)
    model = _built(path, load, keras.device("cpu"))
    model.trainable = False
    shapes = [tuple(given.shape) for given in model.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 2 or not shapes[0][1] or len(model.outputs) != 1:
        raise BadCheckpointError(
            f"{path.name} does not make pictures of one vector z, (N, z_dim); save the generator alone."
        )

    def run(z: Tensor) -> Tensor:
        with keras.device("cpu"):
            return model(z, training=False)

    return adopt(run, shapes[0][1], "Keras", path)


def _read_config(path: Path) -> tuple[dict[str, Any], int]:
    """Give what the archive says of its layers, and the size of its weights in bytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            sizes = {member.filename: member.file_size for member in members}
            config = json.loads(archive.read("config.json")) if sizes["config.json"] < _LARGEST_CONFIG_BYTES else None
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, OSError, NotImplementedError) as error:
        raise BadCheckpointError(f"{path.name} is damaged or was not saved by Keras 3; save it again.") from error
    if sorted(member.filename for member in members) != sorted(_MEMBERS) or not isinstance(config, dict):
        raise BadCheckpointError(f"{path.name} does not hold a model and nothing else; save it again with Keras 3.")
    return config | {"compile_config": None}, sizes["model.weights.h5"]  # how it was trained does not matter


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in a configuration that Keras would make an object of."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for part in value.values():
            yield from _objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part)


def _is_known(named: dict[str, Any]) -> bool:
    module, name = named.get("module"), named["class_name"]
    match module:
        case None:
            return name == "__keras_tensor__"
        case "builtins":
            return name == "function"  # an activation, which Keras looks up among its own
        case "keras.layers":
            return name in _LAYERS
        case "keras":
            return name in ("Sequential", "Functional", "Model", "DTypePolicy")
        case _:
            return module in _BUILDING_BLOCKS


def _check_sizes(model: Any, weights_bytes: int, name: str) -> None:
    """Compare what a model would need with what its file holds, before any of it is allocated."""
    needed = sum(weight.value.nbytes for weight in model.weights)
    largest = max(math.prod(side or 1 for side in step.output.shape) for step in _steps(model))
    if needed > weights_bytes or largest > _LARGEST_MAP:
        raise BadCheckpointError(f"{name} asks for far more memory than its weights fill; save it again with Keras 3.")


def _steps(model: Any) -> Iterator[Any]:
    """The layers and operations of a model and of the models in it."""
    for step in getattr(model, "operations", model.layers):
        yield from _steps(step) if hasattr(step, "layers") else [step]


def _built(path: Path, build: Callable[[], Any], device: AbstractContextManager[Any]) -> Any:
    try:
        with device:
            return build()
    except Exception as error:  # a file that does not fit leads Keras to any error there is
        raise BadCheckpointError(f"{path.name} is damaged or was not saved by Keras 3; save it again.") from error


def _import_keras() -> ModuleType:
    os.environ["KERAS_BACKEND"] = "torch"  # read once, when Keras is first imported
    try:
        import keras
    except ImportError as error:
        raise WeightsUnavailableError(
            "Keras models need the package keras; `pip install -r requirements-keras.txt` brings it."
        ) from error
    return keras
