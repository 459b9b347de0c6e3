"""Mask files and the masks of the editor's preview.

Outside the package a mask is a picture whose white marks what is to be filled; inside it is an (H, W) bool array, True
= fill. Here the one becomes the other.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from ganedit.errors import BadImageError, BadMaskError, BadRequestError
from ganedit.files import shown
from ganedit.formats import SaveOptions, check_target, open_picture, save_picture
from ganedit.image import Picture, to_uint8

_HALF = 128
"""Levels of 255 from which on a pixel counts as bright, or as opaque."""

_FLAT_COLORS, _FLAT_SHARE, _COARSE_BITS = 4, 0.9, 3
"""Strokes have few colors: so many, counted coarsely, make up so much of them. A photo has more."""

_CLEAR_BORDER, _PAINTED_BORDER = 1 / 3, 2 / 3
"""Up to and from which share of the border a layer's ground counts as clear, or as painted."""

_TWO_READINGS = (
    "The mask can be read in two ways, its painted or its clear part may be what should be filled: save it as white on "
    "black, white where the picture is to be filled."
)

_NO_GROUND = (
    "The mask looks like a picture, hardly any of it is black: save it as white on black, white where the picture is "
    "to be filled."
)
_DARK, _GROUND_SHARE = 32, 0.1
"""Levels below which a pixel is unpainted ground, and how much of a mask in many colors is that."""

_COLORED_SPREAD = 64
"""Levels between the strongest and the weakest channel from which on a pixel is a color; scans of gray stay below."""


def open_mask(file: str | Path | bytes | BinaryIO, size: tuple[int, int]) -> np.ndarray:
    """Read a mask file for a picture.

    Bright pixels (the strongest channel at least 128 of 255) are filled. Other kinds of masks are understood:

    - colored strokes on white or light gray: the strokes are filled;
    - strokes on a clear background: they are filled, and if some are bright and some dark, the bright ones;
    - a photo, or a black layer, in which a hole is clear: the hole is filled.

    What can be read in two ways is refused.

    Args:
        file: any picture file that `open_picture` reads, 8 or 16 bits.
        size: (width, height) of the picture that the mask is for.

    Returns:
        (H, W) bool, True = fill.

    Raises:
        BadMaskError: the file is not a picture, has another size than the picture, marks nothing or everything, or can
            be read in two ways.
    """
    try:
        picture = open_picture(file)
    except BadImageError as error:
        reason = str(error)
        raise BadMaskError(f"The mask cannot be used: {reason[:1].lower()}{reason[1:]}") from error
    _check_size((picture.width, picture.height), size)
    mask = _marked(picture.in_srgb())
    if not mask.any():
        _check_levels(picture.pixels)
    check_mask(mask, size)
    return mask


def check_mask(mask: np.ndarray, size: tuple[int, int]) -> None:
    """Refuse an array that is no usable mask for a picture.

    Args:
        mask: should be (H, W) bool, True = fill.
        size: (width, height) of the picture.

    Raises:
        BadMaskError: not a bool array of the picture's size, or it marks nothing or everything.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise BadMaskError(f"A mask is an (H, W) array of bools, not {mask.shape} of {mask.dtype}.")
    _check_size((mask.shape[1], mask.shape[0]), size)
    if not mask.any():
        raise BadMaskError("The mask marks nothing, paint over what should be filled (white marks it in a mask file).")
    if mask.all():
        raise BadMaskError("The mask marks the whole picture, leave some of it unmarked to fill from.")


def save_mask(mask: np.ndarray, path: str | Path) -> None:
    """Write an (H, W) bool mask as a gray PNG, 255 = fill, whole or not at all.

    Raises:
        BadRequestError: see `check_mask_target`.
    """
    check_mask_target(path)
    gray = mask.astype(np.uint8) * np.uint8(255)
    picture = Picture(np.repeat(gray[..., None], 3, axis=2), gray=True)
    save_picture(picture, path, options=SaveOptions(format="png"))


def check_mask_target(path: str | Path) -> None:
    """Find out before any work whether a mask can be saved.

    Raises:
        BadRequestError: the name does not end in .png, or the file cannot be written there.
    """
    if Path(path).suffix.lower() != ".png":
        raise BadRequestError(f"A mask is written as PNG, let its name end in .png: {shown(Path(path).name)}")
    check_target(path, SaveOptions(format="png"))


def to_preview(full: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shrink a mask so that thin marks do not vanish: a preview pixel is marked if any of its pixels is.

    Args:
        full: (H, W) bool.
        height: rows of the preview, at most H.
        width: columns of the preview, at most W.

    Returns:
        (height, width) bool.
    """
    rows, columns = (_cells(*pair) for pair in zip(full.shape, (height, width), strict=True))
    shrunk = np.logical_or.reduceat(full, np.searchsorted(rows, np.arange(height)), axis=0)
    return np.logical_or.reduceat(shrunk, np.searchsorted(columns, np.arange(width)), axis=1)


def from_preview(painted: np.ndarray, shown: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Carry what the user changed in the preview over to the mask at the picture's size.

    Args:
        painted: (h, w) bool, as it came back from the editor.
        shown: (h, w) bool, as it was given to the editor, made from ``full`` by `to_preview`.
        full: (H, W) bool.

    Returns:
        A new (H, W) bool mask: ``full``, bit for bit, where ``painted`` equals ``shown``; elsewhere ``painted``.

    Raises:
        BadMaskError: ``painted`` has another size than ``shown``.
    """
    _check_size(painted.shape[::-1], shown.shape[::-1])
    changed = painted != shown
    result = full.copy()
    if not changed.any():
        return result
    rows, columns = (_cells(*pair) for pair in zip(full.shape, shown.shape, strict=True))
    # Only rows with a change are looked at: a stroke is small and the picture may have 80 megapixels.
    touched = np.flatnonzero(changed.any(axis=1)[rows])
    cells = np.ix_(rows[touched], columns)
    result[touched] = np.where(changed[cells], painted[cells], full[touched])
    return result


def _cells(length: int, preview: int) -> np.ndarray:
    """For each of ``length`` pixels the preview pixel that holds its center."""
    return (2 * np.arange(length) + 1) * preview // (2 * length)


def _check_size(size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if size != wanted:
        raise BadMaskError(
            f"The mask is {size[0]}x{size[1]} pixels and the picture {wanted[0]}x{wanted[1]}; "
            "make a mask of the picture's size."
        )


def _check_levels(levels: np.ndarray) -> None:
    """Say what is wrong with a mask that only looks black: its levels are 0 and 1, or 8 of 16 bits.

    Raises:
        BadMaskError: no level is as bright as a mark, and not all are 0.
    """
    brightest, top = int(levels.max()), np.iinfo(levels.dtype).max
    if 0 < brightest <= top // 2:
        raise BadMaskError(
            f"The mask marks nothing, because its brightest level is {brightest} of {top} and levels mark from "
            f"{top // 2 + 1} on; save it with {top} where the picture is to be filled."
        )


def _marked(picture: Picture) -> np.ndarray:
    """Find the (H, W) bool fill of a mask in sRGB.

    Raises:
        BadMaskError: it looks like no mask, or can be read in two ways.
    """
    pixels = to_uint8(picture.pixels)
    painted = None if picture.alpha is None else to_uint8(picture.alpha) >= _HALF
    bright = pixels.max(axis=2) >= _HALF
    if painted is not None and not painted.all():
        return _marked_by_layer(pixels, bright, painted)
    colored = np.ptp(pixels, axis=2) >= _COLORED_SPREAD
    if bright.all() and colored.any():
        return colored
    if (pixels.max(axis=2) < _DARK).mean() < _GROUND_SHARE and not _is_flat(pixels.reshape(-1, 3)):
        raise BadMaskError(_NO_GROUND)
    return bright


def _marked_by_layer(pixels: np.ndarray, bright: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """Decide whether the painted or the clear part of a layer is the fill, by what both of them look like.

    Args:
        pixels: (H, W, 3) uint8.
        bright: (H, W) bool.
        painted: (H, W) bool, the rest is clear.

    Raises:
        BadMaskError: it may be either, or most of the picture.
    """
    border = np.concatenate([painted[0], painted[-1], painted[:, 0], painted[:, -1]]).mean()
    bright = bright & painted
    is_flat, is_dark = _is_flat(pixels[painted]), not bright.any()
    if is_flat and not is_dark and border < _PAINTED_BORDER and (bright != painted).any():
        mask = bright
    elif is_flat and border <= _CLEAR_BORDER:
        mask = painted
    elif border >= _PAINTED_BORDER and (is_dark or not is_flat):
        mask = ~painted
    else:
        raise BadMaskError(_TWO_READINGS)
    if mask.mean() > 0.5:
        raise BadMaskError(_TWO_READINGS)
    return mask


def _is_flat(colors: np.ndarray) -> bool:
    """Tell strokes from a photo by their (N, 3) uint8 colors, of which a million are looked at."""
    colors = colors[:: max(1, len(colors) >> 20)]
    red, green, blue = (colors >> (8 - _COARSE_BITS)).astype(np.uint16).T
    counts = np.bincount((red << 2 * _COARSE_BITS) + (green << _COARSE_BITS) + blue)
    return bool(np.sort(counts)[-_FLAT_COLORS:].sum() >= _FLAT_SHARE * len(colors))
