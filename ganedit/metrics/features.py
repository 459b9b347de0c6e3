"""What pictures are compared by: the features of a frozen network, computed once for each set and kept.

Two backbones: the Inception network of 2015, which alone makes a Frechet distance an FID, and EfficientNet-Lite0, which
can be had where the first cannot.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.errors import WeightsUnavailableError
from ganedit.models import sources
from ganedit.models.card import Source
from ganedit.models.features import load_efficientnet_lite0

BackboneChoice = Literal["auto", "inception", "effnet"]

INCEPTION_2015 = tuple(
    Source(
        f"https://github.com/{path}-inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        "pth",
        95628359,
    )
    for path in (
        "toshas/torch-fidelity/releases/download/v0.2.0/weights",
        "mseitzer/pytorch-fid/releases/download/fid_weights/pt",
    )
)
"""The network of the original FID, converted from TensorFlow; Apache-2.0. Szegedy et al. 2015, arXiv:1512.00567."""

_CHUNK = 16
_EFFNET_SIDE_PX = 224


@dataclass(frozen=True, eq=False)
class Backbone:
    """A frozen network that describes pictures.

    Attributes:
        name: part of every number's name: ``inception`` or ``effnet``.
        digest: hexadecimal SHA-256 over the weights and the way pictures are prepared.
        dim: length of a feature vector, D.
        prepare: turns (N, 3, H, W) uint8 into (N, 3, S, S) float32, whatever H and W.
        network: turns what ``prepare`` gave into (N, D) float32.
        classify: turns (N, D) features into (N, C) probabilities; None where an Inception score has no meaning.
    """

    name: str
    digest: str
    dim: int
    prepare: Callable[[Tensor], Tensor]
    network: Callable[[Tensor], Tensor]
    classify: Callable[[np.ndarray], np.ndarray] | None = None

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Compute features, which do not depend on how the pictures are grouped into calls.

        Args:
            images: (N, 3, H, W) uint8, RGB.

        Returns:
            (N, D) float32.
        """
        return self.describe([self.prepare(torch.from_numpy(images[i : i + 1])) for i in range(len(images))])

    def describe(self, prepared: list[Tensor]) -> np.ndarray:
        """Compute the features of prepared pictures, each (1, 3, S, S) float32; gives (N, D) float32.

        Convolutions round differently at different batch sizes. So the network sees the same size always, the last
        batch filled up with zeros.
        """
        rows = [np.zeros((0, self.dim), np.float32)]
        for start in range(0, len(prepared), _CHUNK):
            part = torch.cat(prepared[start : start + _CHUNK])
            count = len(part)
            # TensorFloat-32, the default of GPUs, has too few digits to compare numbers across machines.
            with torch.inference_mode(), torch.backends.cudnn.flags(deterministic=True, allow_tf32=False):
                y = self.network(F.pad(part, (0, 0, 0, 0, 0, 0, 0, _CHUNK - count)))
            rows.append(y[:count].float().cpu().numpy())
        return np.concatenate(rows)


def load_backbone(choice: BackboneChoice, cache: Path | None = None) -> Backbone:
    """Load a network; ``auto`` takes Inception if it can be had, else EfficientNet-Lite0.

    Args:
        choice: the backbone's name, or ``auto``.
        cache: folder of fetched files; ``weights/cache`` or ``GANEDIT_WEIGHTS`` if None.

    Raises:
        WeightsUnavailableError: the weights could be had from nowhere.
    """
    if choice == "effnet":
        return effnet(cache)
    try:
        return inception(cache)
    except WeightsUnavailableError:
        if choice == "inception":
            raise
        return effnet(cache)


def effnet(cache: Path | None = None) -> Backbone:
    """Pooled features of EfficientNet-Lite0 at 224 px, D = 1280.

    Raises:
        WeightsUnavailableError: the weights could be had from nowhere.
    """
    layout = torch.channels_last  # a quarter faster on CPUs
    network = load_efficientnet_lite0(cache).to(_device()).to(memory_format=layout)

    def prepare(images: Tensor) -> Tensor:
        size = (_EFFNET_SIDE_PX, _EFFNET_SIDE_PX)
        x = F.interpolate(images.float(), size=size, mode="bilinear", antialias=True)
        return x.clamp_(0, 255).div_(255)

    digest = _digest(network, f"antialiased bilinear {_EFFNET_SIDE_PX}")

    def run(x: Tensor) -> Tensor:
        return network.pooled(x.to(_device(), memory_format=layout))

    return Backbone("effnet", digest, network.FEATURES, prepare, run)


def inception(cache: Path | None = None) -> Backbone:
    """The Inception network of 2015 as FID has always used it, by torch-fidelity; D = 2048.

    Raises:
        WeightsUnavailableError: the weights could be had from nowhere, or torch-fidelity is not installed.
    """
    try:
        from torch_fidelity import FeatureExtractorInceptionV3
        from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x as resize
    except ImportError as error:
        raise WeightsUnavailableError(
            "FID needs the package torch-fidelity: `pip install torch-fidelity==0.4.0`, or take the backbone effnet."
        ) from error
    path, _ = sources.fetch(INCEPTION_2015, cache or sources.cache_dir())
    # torch-fidelity reads the file as a full pickle; its hash was checked just now, so it is the published one.
    extractor = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(path))
    *layers, _ = extractor.children()  # the last one classifies
    network = nn.Sequential(*layers, nn.Flatten()).to(_device())
    weight = extractor.fc.weight.double().numpy()

    def prepare(images: Tensor) -> Tensor:
        side = extractor.INPUT_IMAGE_SIZE
        return (resize(images.float(), size=(side, side), align_corners=False) - 128) / 128

    def classify(features: np.ndarray) -> np.ndarray:
        logits = torch.from_numpy(features.astype(np.float64) @ weight.T)  # without the bias, as the score's authors do
        return logits.softmax(1).numpy()

    digest = _digest(extractor, "bilinear as in TensorFlow 1")
    return Backbone("inception", digest, 2048, prepare, lambda x: network(x.to(_device())), classify)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _digest(network: nn.Module, preparation: str) -> str:
    """Hash the weights and the words that say how pictures are prepared."""
    found = hashlib.sha256(preparation.encode())
    for name, value in sorted(network.state_dict().items()):
        found.update(name.encode())
        found.update(value.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
