"""ICC profiles: what the numbers of a picture mean, and how they are shown in sRGB."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_MIDTONES = np.arange(32, 224, dtype=np.uint8)
_SAME_TONE = 0.1
"""A profile whose exponent is as close to 1 shows its grays about as sRGB does."""

_EXPONENTS = (0.2, 5.0)


def profile_space(icc: bytes) -> str | None:
    """Name the color space of a profile (``RGB``, ``GRAY``, ``CMYK``, ...); None if the profile is damaged."""
    try:
        _profile(icc)
    except (OSError, ImageCms.PyCMSError):
        return None
    return icc[16:20].decode("latin-1").strip()


@lru_cache(maxsize=32)
def tone_exponent(icc: bytes) -> float | None:
    """Say how a profile's tone curve differs from sRGB's.

    Returns:
        The power that turns its levels in [0, 1] into about those by which sRGB shows the same gray; exactly 1 for
        profiles that do so by themselves: Display P3, Adobe RGB, sRGB. None if the profile cannot be used: it is
        damaged, or of neither RGB nor gray.
    """
    if profile_space(icc) not in ("RGB", "GRAY"):
        return None
    try:
        shown = np.asarray(_transform(Image.fromarray(_MIDTONES[None]), icc).convert("L"))
    except ImageCms.PyCMSError:
        return None
    exponent = float(np.median(np.log(shown.clip(1, 254) / 255) / np.log(_MIDTONES / 255)))
    return 1.0 if abs(exponent - 1) <= _SAME_TONE else min(max(exponent, _EXPONENTS[0]), _EXPONENTS[1])


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """Convert 8-bit colors to sRGB, relative colorimetric with black point compensation.

    Args:
        image: mode L, RGB or CMYK, as the profile asks; L is taken for RGB too.
        icc: what its numbers mean.

    Returns:
        Mode RGB; the image itself if the profile is sRGB in all but name: to convert would only add rounding errors.

    Raises:
        ImageCms.PyCMSError: the profile cannot be used for these colors.
    """
    return image if image.mode == "RGB" and _acts_like_srgb(icc) else _transform(image, icc)


def lab_to_srgb(image: Image.Image) -> Image.Image:
    """Convert an image of mode LAB to sRGB."""
    return _converted(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))


def _profile(icc: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def _transform(image: Image.Image, icc: bytes) -> Image.Image:
    if image.mode == "L" and profile_space(icc) == "RGB":
        image = image.convert("RGB")
    return _converted(image, _profile(icc))


def _converted(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image,
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if converted is None:
        raise ImageCms.PyCMSError("the profile converted nothing")
    converted.info.clear()  # Pillow leaves the target profile there and would embed it on save, asked or not
    return converted


@lru_cache(maxsize=8)
def _acts_like_srgb(icc: bytes) -> bool:
    """Tell whether a profile moves no color of a coarse cube by more than one level."""
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    moved = np.asarray(_transform(Image.fromarray(cube), icc))
    return int(np.abs(moved.astype(int) - cube).max()) <= 1
