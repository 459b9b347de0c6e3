"""Photographs that every scikit-image carries, and two ways of making them small. Nothing is ever trained on them."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from skimage import data
from torch import Tensor


def photo(name: str, side_px: int | None = None) -> Tensor:
    """One photograph, (1, 3, H, W) float32 in [0, 1], both sides a multiple of 16; tiled to ``side_px`` if given."""
    pixels = getattr(data, name)()
    pixels = pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    if side_px:
        repeats = [-(-side_px // side) for side in pixels.shape[:2]]
        pixels = np.tile(pixels, (*repeats, 1))[:side_px, :side_px]
    height, width = (side // 16 * 16 for side in pixels.shape[:2])
    return to_unit(pixels[:height, :width])


def to_unit(pixels: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float()[None] / 255


def to_pil(x: Tensor) -> Image.Image:
    """(1, 3, H, W) in [0, 1] to an 8-bit picture, by rounding."""
    return Image.fromarray((x[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy())


def shrink_clean(x: Tensor) -> Tensor:
    """A quarter of the size, by an antialiased cubic filter."""
    small = F.interpolate(x, scale_factor=0.25, mode="bicubic", antialias=True).clamp(0, 1)
    return to_unit(np.asarray(to_pil(small)))


def shrink_damaged(x: Tensor, seed: int) -> Tensor:
    """A quarter of the size after a Gaussian blur of 2 px, then noise of 6/255 and JPEG at quality 60."""
    blurred = to_unit(np.asarray(to_pil(x).filter(ImageFilter.GaussianBlur(2))))
    small = F.interpolate(blurred, scale_factor=0.25, mode="bicubic", antialias=True)
    noise = torch.randn(small.shape, generator=torch.Generator().manual_seed(seed)) * 6 / 255
    buffer = io.BytesIO()
    to_pil(small + noise).save(buffer, "JPEG", quality=60)
    return to_unit(np.asarray(Image.open(buffer).convert("RGB")))
