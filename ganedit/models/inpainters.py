"""What fills holes, behind one call: ``forward(x, mask)`` with the hole black, to a picture of the same size.

Spandrel brings LaMa and MAT as torch networks; ONNX files run in onnxruntime; OpenCV has two classical methods. Each
network that looks under its mask in one way or another is kept from doing so here.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ganedit.errors import BadCheckpointError
from ganedit.models.card import Source
from ganedit.models.checkpoint import read_state_dict, recognize
from ganedit.models.onnx_sessions import open_session

_TELEA_RADIUS_PX = 3


class MiGan(nn.Module):
    """The pipeline that MI-GAN's authors publish as ONNX: bytes in, bytes out, its mask the other way round.

    Its last step blends the fill with what the caller left in the hole, so the hole is filled by Telea's method first.

    Source: Sargsyan et al. 2023, "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices", ICCV.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            BadCheckpointError: onnxruntime cannot read it.
        """
        super().__init__()
        self.session = open_session(path)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Fill (1, 3, H, W) float32 in [0, 1] where ``mask`` (1, 1, H, W) is 1."""
        hole = mask[0, 0].numpy() > 0
        pixels = cv2.inpaint(_to_bytes(x), hole.astype(np.uint8), _TELEA_RADIUS_PX, cv2.INPAINT_TELEA)
        feed = {"image": _planes(pixels), "mask": np.where(hole, 0, 255).astype(np.uint8)[None, None]}
        result = np.asarray(self.session.run(None, feed)[0])
        return torch.from_numpy(result).float().div_(255)


class LamaOnnx(nn.Module):
    """LaMa as exported by Carve: 512x512 float in [0, 1], and an answer in 0 to 255.

    Source: Suvorov et al. 2022, arXiv:2109.07161.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            BadCheckpointError: onnxruntime cannot read it.
        """
        super().__init__()
        self.session = open_session(path)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Fill (1, 3, 512, 512) float32 in [0, 1] where ``mask`` (1, 1, 512, 512) is 1."""
        result = np.asarray(self.session.run(None, {"image": x.numpy(), "mask": mask.numpy()})[0])
        return torch.from_numpy(result).float().div_(255)


class Mat(nn.Module):
    """MAT with its chance fixed, so that the same hole is always filled in the same way.

    It draws a latent when it is built, and drops features at random even outside of training.

    Source: Li et al. 2022, arXiv:2203.15270.
    """

    def __init__(self, network: nn.Module) -> None:
        """Take spandrel's network, and draw its latent anew."""
        super().__init__()
        self.network = network
        network.z = torch.randn(1, 512, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        self.lock = threading.Lock()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Fill (1, 3, 512, 512) float32 in [0, 1] where ``mask`` (1, 1, 512, 512) is 1."""
        with self.lock, torch.random.fork_rng():  # chance is shared by all threads of a process
            torch.manual_seed(0)
            return self.network(x, mask)


class Classical(nn.Module):
    """A method of OpenCV: no network, no training, at once."""

    def __init__(self, method: int) -> None:
        """Take ``cv2.INPAINT_TELEA`` or ``cv2.INPAINT_NS``."""
        super().__init__()
        self.method = method

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Fill (1, 3, H, W) float32 in [0, 1] where ``mask`` (1, 1, H, W) is 1."""
        filled = cv2.inpaint(_to_bytes(x), mask[0, 0].numpy().astype(np.uint8), _TELEA_RADIUS_PX, self.method)
        return torch.from_numpy(_planes(filled)).float().div_(255)


BUILT_IN: Mapping[str, Callable[[], nn.Module]] = {
    "Telea": lambda: Classical(cv2.INPAINT_TELEA),
    "Navier-Stokes": lambda: Classical(cv2.INPAINT_NS),
}
"""Methods that need no weights, by the architecture on their card."""


def build_inpainter(arch: str, source: Source, path: Path) -> nn.Module:
    """Build what fills holes from its weights.

    Args:
        arch: the architecture on the model's card.
        source: where the file came from; its format decides how it is read.
        path: the file, its hash verified.

    Raises:
        BadCheckpointError: the file is damaged or holds another network.
        WeightsUnavailableError: the network's code is not installed.
    """
    if source.format == "onnx":
        return MiGan(path) if arch == "MI-GAN" else LamaOnnx(path)
    network = recognize(read_state_dict(path, source.format), path.name)
    if network.purpose != "Inpainting" or network.architecture.id != arch:
        raise BadCheckpointError(f"{path.name} holds no {arch} network; fetch it again.")
    return Mat(network.model) if arch == "MAT" else network.model


def _to_bytes(x: Tensor) -> np.ndarray:
    """Round (1, 3, H, W) in [0, 1] to (H, W, 3) uint8."""
    return np.ascontiguousarray((x[0] * 255).round().byte().numpy().transpose(1, 2, 0))


def _planes(pixels: np.ndarray) -> np.ndarray:
    """Give (H, W, 3) as (1, 3, H, W)."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]
