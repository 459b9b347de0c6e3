"""Read weight files that may have come from anywhere, without running anything in them.

A pickle can carry code, so ``.pth`` files are read by torch's weights-only unpickler; archives that unpack to much
more than their own size are refused before they are read. What comes out is checked to be a flat dictionary of finite
tensors and then handed to spandrel, which recognizes the network by its keys.
"""

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from spandrel import (
    MAIN_REGISTRY,
    ArchRegistry,
    ImageModelDescriptor,
    MaskedImageModelDescriptor,
    ModelLoader,
    UnsupportedModelError,
    canonicalize_state_dict,
)

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.models.card import Format
from ganedit.models.ncnn import read_state_dict as read_ncnn
from ganedit.models.tensors import check_tensors

StateDict = dict[str, torch.Tensor]

_MAT_KEY = "synthesis.first_stage.conv_first.conv.resample_filter"

_AVERAGED_KEYS = ("g_ema", "g")

_HEAD_BYTES = 512
_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The number that PyTorch wrote first before its checkpoints became zip archives."""


def read_state_dict(path: Path, file_format: Format, companion: Path | None = None) -> StateDict:
    """Read a weight file into a flat state dict on the CPU.

    Args:
        path: the file; its hash, where one is known, has been verified by the caller.
        file_format: ``pth``, ``safetensors``, ``ncnn`` or ``torchscript``; the last holds a program, so it is read only
            where the catalogue knows its hash.
        companion: the ``.param`` file of an ncnn pair.

    Returns:
        Tensors by key, wrappers such as ``params_ema`` or ``g_ema`` and prefixes such as ``module.`` removed.

    Raises:
        BadCheckpointError: the file is damaged, hostile, of another format, or holds values that are not finite.
    """
    match file_format:
        case "pth":
            raw = _read_pickle(path)
        case "safetensors":
            raw = _read_safetensors(path)
        case "ncnn":
            if companion is None:
                raise BadCheckpointError(f"{path.name} is one half of an ncnn pair; give its .param file too.")
            raw = read_ncnn(companion, path)
        case "torchscript":
            raw = _read_torchscript(path)
        case _:
            raise BadCheckpointError(
                f"{path.name} is a {file_format} file, which holds a program and not a state dict."
            )
    state = _table_of(raw)
    if not state or not all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()):
        raise BadCheckpointError(f"{path.name} holds no plain table of weights; save it again as a state dict.")
    check_tensors(state, path)
    return state


def build_network(state: StateDict, name: str) -> ImageModelDescriptor:
    """Recognize a network that turns one color picture into another, and build it in float32.

    Raises:
        BadCheckpointError: spandrel knows no such network, its tensors do not fit, or it does something else.
    """
    descriptor = recognize(state, name)
    if not isinstance(descriptor, ImageModelDescriptor) or (descriptor.input_channels, descriptor.output_channels) != (
        3,
        3,
    ):
        raise BadCheckpointError(f"{name} does not turn one color picture into another, so Enhance cannot use it.")
    return descriptor


def recognize(state: StateDict, name: str) -> ImageModelDescriptor | MaskedImageModelDescriptor:
    """Recognize a network by the keys of its state dict and build it in float32.

    Raises:
        BadCheckpointError: spandrel knows no such network, or its tensors do not fit.
        WeightsUnavailableError: spandrel keeps the network in a package that is not installed.
    """
    loader = ModelLoader(registry=_known_networks(state))
    try:
        return loader.load_from_state_dict(state)
    except UnsupportedModelError as error:
        raise BadCheckpointError(
            f"{name} is no network that ganedit can recognize; use a checkpoint that spandrel supports."
        ) from error
    except (RuntimeError, KeyError, ValueError, AssertionError, TypeError, IndexError) as error:
        raise BadCheckpointError(
            f"{name} looks like a known network, but its tensors do not fit it; fetch or export it again."
        ) from error


def _known_networks(state: StateDict) -> ArchRegistry:
    """The networks of spandrel, and MAT if it is asked for: its code may not be used commercially and is kept apart."""
    if not any(key.endswith(_MAT_KEY) for key in state):
        return MAIN_REGISTRY
    try:
        from spandrel_extra_arches import EXTRA_REGISTRY
    except ImportError as error:
        raise WeightsUnavailableError(
            "MAT needs the package spandrel-extra-arches, which may not be used commercially; "
            "`pip install spandrel-extra-arches==0.2.0` brings it."
        ) from error
    return EXTRA_REGISTRY


def mix(first: StateDict, second: StateDict, amount: float) -> StateDict:
    """Interpolate two checkpoints of one network, ``amount`` of the first and the rest of the second.

    Source: deep network interpolation, Wang et al. 2019, arXiv:1811.10515, equation 1.

    Raises:
        BadCheckpointError: the two do not have the same keys and shapes.
    """
    if {key: value.shape for key, value in first.items()} != {key: value.shape for key, value in second.items()}:
        raise BadCheckpointError("The two models to mix are not twins; fetch both again.")
    return {key: torch.lerp(second[key].float(), value.float(), amount) for key, value in first.items()}


def refuse_stranger(path: Path) -> None:
    """Refuse what is surely no file of weights, whatever its name says, with the true reason.

    Raises:
        BadCheckpointError: it is empty, a web page, or stands for a file that was not fetched.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise BadCheckpointError(f"{path.name} is empty; fetch or export it again.")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise BadCheckpointError(
            f"{path.name} is a web page and no file of weights; fetch the file that the page leads to."
        )
    if head.startswith(b"version https://git-lfs"):
        raise BadCheckpointError(
            f"{path.name} only stands for a file that Git LFS keeps elsewhere; fetch that by `git lfs pull`."
        )


def refuse_bomb(path: Path) -> None:
    """Refuse an archive that unpacks to more than its size: PyTorch and Keras store theirs uncompressed.

    Raises:
        BadCheckpointError: it does, or is damaged; a file that is no archive passes.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise BadCheckpointError(f"{path.name} is damaged; fetch or export it again.") from error
    if unpacked > path.stat().st_size:
        raise BadCheckpointError(f"{path.name} unpacks to far more than its own size and was refused.")


def _read_pickle(path: Path) -> Any:
    _check_container(path)
    refuse_bomb(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadCheckpointError(
            f"{path.name} holds more than weights and was not opened, because a pickle can run code; "
            "convert it to .safetensors where you trust it."
        ) from error
    except Exception as error:  # damaged bytes lead the unpickler to any error there is
        raise BadCheckpointError(
            f"{path.name} is damaged or no PyTorch checkpoint; fetch or export it again."
        ) from error


def _check_container(path: Path) -> None:
    """Refuse what PyTorch did not write as a checkpoint; its reader would call all of it damaged, or code."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if _MAGIC in head:
            return
        if head.startswith(b"\x80"):
            raise BadCheckpointError(f"{path.name} is a pickle of another program; save a state dict with PyTorch.")
        raise BadCheckpointError(f"{path.name} is damaged or no PyTorch checkpoint; fetch or export it again.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, ValueError) as error:
        raise BadCheckpointError(f"{path.name} is damaged; fetch or export it again.") from error
    if any(name.endswith("/constants.pkl") for name in members):
        raise BadCheckpointError(f"{path.name} is a TorchScript program; save its state dict instead.")
    if not any(name.endswith("/data.pkl") or "/data/" in name for name in members):
        raise BadCheckpointError(f"{path.name} is a zip archive and no PyTorch checkpoint; unpack it first.")


def _table_of(raw: Any) -> StateDict:
    """Take wrappers and prefixes off; empty if there is no table under them."""
    found = _generator_of(raw)
    try:
        return canonicalize_state_dict(found) if isinstance(found, dict) else {}
    except (AttributeError, TypeError):  # keys that are no texts
        return {}


def _generator_of(raw: Any) -> Any:
    """Take the averaged generator out of what training kept, and beside it the mean of its w, if there is one."""
    for key in _AVERAGED_KEYS:
        found = raw.get(key) if isinstance(raw, dict) else None
        if isinstance(found, dict):
            mean = raw.get("latent_avg")
            return found if mean is None else found | {"latent_avg": mean}
    return raw


def _read_torchscript(path: Path) -> StateDict:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated, but the only reader there is; the program in it is not run
            return torch.jit.load(path, map_location="cpu").state_dict()
    except (RuntimeError, OSError, ValueError) as error:
        raise BadCheckpointError(f"{path.name} is damaged or no TorchScript file; fetch it again.") from error


def _read_safetensors(path: Path) -> StateDict:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise BadCheckpointError(f"{path.name} is damaged or no safetensors file; fetch or export it again.") from error
