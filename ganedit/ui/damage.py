"""Does a picture look noisy or compressed? Decides which hint the page gives."""

import numpy as np
from PIL import Image

from ganedit.image import Picture

# The luminance table of the JPEG standard at quality 50; encoders scale it. Its mean is all that is needed here.
_STANDARD_TABLE_MEAN = 57.625
_LOW_JPEG_QUALITY = 80
_NOISE_LEVELS = 3.5
_CROP_PX = 512


def looks_damaged(image: Image.Image, picture: Picture) -> bool:
    """Tell whether a picture is worth cleaning.

    Args:
        image: the opened file, for its JPEG tables; its pixels are not read.
        picture: the same picture, decoded.
    """
    quality = jpeg_quality(image)
    return (quality is not None and quality < _LOW_JPEG_QUALITY) or noise_levels(picture) > _NOISE_LEVELS


def jpeg_quality(image: Image.Image) -> float | None:
    """Estimate the quality (1 to 100) a JPEG was written with from its first table; None for other formats."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return None
    percent = 100 * float(np.mean(tables[min(tables)])) / _STANDARD_TABLE_MEAN
    return 100 - percent / 2 if percent <= 100 else 5000 / percent


def noise_levels(picture: Picture) -> float:
    """Estimate the standard deviation of the noise in the middle of a picture, in levels of 255.

    The median of the absolute diagonal detail (each 2x2 block's a - b - c + d) is blind to edges, which are few.

    Source: Donoho and Johnstone 1994, "Ideal spatial adaptation by wavelet shrinkage": sigma = median / 0.6745.
    """
    top = max(0, (picture.height - _CROP_PX) // 2)
    left = max(0, (picture.width - _CROP_PX) // 2)
    crop = picture.pixels[top : top + _CROP_PX, left : left + _CROP_PX].mean(axis=2, dtype=np.float32)
    crop = crop[: len(crop) // 2 * 2, : crop.shape[1] // 2 * 2] * (255 / np.iinfo(picture.pixels.dtype).max)
    if crop.size == 0:
        return 0.0
    detail = (crop[::2, ::2] - crop[::2, 1::2] - crop[1::2, ::2] + crop[1::2, 1::2]) / 2
    return float(np.median(np.abs(detail))) / 0.6745
