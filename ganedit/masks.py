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

_COLORED_SPREAD = 64
"""Levels between the strongest and the weakest channel from which on a pixel is a color; scans of gray stay below."""


def open_mask(file: str | Path | bytes | BinaryIO, size: tuple[int, int]) -> np.ndarray:
    """Read a mask file for a picture.

    Bright pixels (the strongest channel at least 128 of 255) are filled. Two other kinds of masks are understood:
    colored strokes on white or light gray, of which the strokes are filled; and strokes on a transparent background,
    of which all opaque pixels are filled unless some are bright and some dark.

    Args:
        file: any picture file that `open_picture` reads, 8 or 16 bits.
        size: (width, height) of the picture that the mask is for.

    Returns:
        (H, W) bool, True = fill.

    Raises:
        BadMaskError: the file is not a picture, has another size than the picture, or marks nothing or everything.
    """
    try:
        picture = open_picture(file)
    except BadImageError as error:
        reason = str(error)
        raise BadMaskError(f"The mask cannot be used: {reason[:1].lower()}{reason[1:]}") from error
    _check_size((picture.width, picture.height), size)
    mask = _marked(to_uint8(picture.pixels), None if picture.alpha is None else to_uint8(picture.alpha))
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


def _marked(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Find the (H, W) bool fill of an (H, W, 3) uint8 picture with (H, W) uint8 alpha."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    strongest = np.maximum(np.maximum(red, green), blue)
    mask = strongest >= _HALF
    if alpha is not None:
        painted = alpha >= _HALF
        bright = mask & painted
        mask = bright if bright.any() else painted
    if mask.all():
        colored = strongest - np.minimum(np.minimum(red, green), blue) >= _COLORED_SPREAD
        mask = colored if colored.any() else mask
    return mask
