"""Pictures in memory, and the one way between them and tensors.

`ganedit.formats` turns files into a `Picture` and back. A picture keeps the values of its file, so that what is not
edited comes back bit for bit. Everything that computes sees the tensors made here: the picture's own primaries, with
about the tone curve of sRGB, which networks know.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from PIL import Image

from ganedit.color import to_srgb, tone_exponent
from ganedit.errors import BadImageError

# torch takes seconds to import, and `ganedit.requests` imports Picture for commands that must answer at once
# (`--help`, `models list`). So it is imported by the two functions that need it.
if TYPE_CHECKING:
    from torch import Tensor

MAX_SIDE_PX = 65_500
"""Of a picture that is opened or made: what a JPEG can hold."""

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601, what Pillow's mode L uses
_BAND_ROWS = 256  # even; rows worked on at once where a whole extra float copy would be too large
_PLAIN_MODES = {"1": "L", "L": "L", "LA": "LA", "La": "LA", "RGB": "RGB", "RGBA": "RGBA", "RGBa": "RGBA"}
_COLOR_MODES = ("P", "PA", "RGBX", "CMYK", "YCbCr", "HSV")


@dataclass(frozen=True, eq=False)  # eq=False: arrays have no single truth value, so pictures compare by identity
class Picture:
    """One still picture and what must go back into its file.

    Attributes:
        pixels: (H, W, 3) uint8 or uint16, RGB, straight (not premultiplied), in the colors of ``icc``.
        alpha: (H, W), same dtype as ``pixels``, maximum = opaque; None if every pixel is opaque.
        gray: the file had no color; the three channels are equal and the output is written gray again.
        icc: the RGB or gray profile that the values are in, given back on save; None is sRGB.
        exif: EXIF with orientation 1 and without thumbnails and maker notes; may hold the location.
        notes: sentences the user should read.
        source_type: name of the IPTC digital source type, which says whether a machine made the picture; it goes into
            every file that is saved. Empty if nobody said.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    gray: bool = False
    icc: bytes | None = None
    exif: bytes | None = None
    notes: tuple[str, ...] = ()
    source_type: str = ""

    def __post_init__(self) -> None:
        """Refuse arrays that break the promises above."""
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"pixels must be (H, W, 3) uint8 or uint16, not {self.pixels.shape} {self.pixels.dtype}")
        if self.alpha is None:
            return
        if self.alpha.shape != self.pixels.shape[:2] or self.alpha.dtype != self.pixels.dtype:
            raise ValueError(f"alpha {self.alpha.shape} {self.alpha.dtype} does not fit pixels {self.pixels.shape}")

    @property
    def width(self) -> int:
        """Columns, in pixels."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Rows, in pixels."""
        return self.pixels.shape[0]

    @property
    def bit_depth(self) -> int:
        """Bits per channel, 8 or 16."""
        return self.pixels.dtype.itemsize * 8

    @property
    def tone(self) -> float:
        """The power that turns stored levels in [0, 1] into about sRGB's; 1 for most pictures."""
        return (tone_exponent(self.icc) if self.icc else None) or 1.0

    @classmethod
    def from_pil(cls, image: Image.Image) -> Self:
        """Take an 8-bit PIL image as it stands: no rotation by EXIF, its values are sRGB.

        Raises:
            BadImageError: the image holds neither gray, RGB, palette, CMYK nor YCbCr values of 8 bits.
        """
        mode = _PLAIN_MODES.get(image.mode) or ("RGB" if image.mode in _COLOR_MODES else None)
        if mode is None:
            raise BadImageError(
                f"Pixels of the kind {image.mode} cannot be edited, save the picture as 8 or 16-bit RGB first."
            )
        gray = mode in ("L", "LA")
        if image.has_transparency_data:
            mode = "LA" if gray else "RGBA"
        values = np.array(image if image.mode == mode else image.convert(mode))
        alpha = np.ascontiguousarray(values[..., -1]) if mode in ("LA", "RGBA") else None
        if gray:
            values = np.repeat((values[..., :1] if values.ndim == 3 else values[..., None]), 3, axis=2)
        return cls(np.ascontiguousarray(values[..., :3]), visible_alpha(alpha), gray)

    def to_pil(self, *, as_stored: bool = False) -> Image.Image:
        """Give an 8-bit image: mode RGBA with alpha, else L for a gray picture, else RGB.

        Args:
            as_stored: leave the colors in the picture's profile; else they become sRGB.
        """
        image = Image.fromarray(to_uint8(self.pixels))
        if self.icc and not as_stored:
            image = to_srgb(image.convert("L") if self.gray else image, self.icc)
        if self.alpha is not None:
            image.putalpha(Image.fromarray(to_uint8(self.alpha)))
        elif self.gray:
            image = image.convert("L")
        return image

    def in_srgb(self) -> Self:
        """Give the same picture without a profile: one that has a profile is converted, to 8 bits."""
        if self.icc is None:
            return self
        shown = self.from_pil(self.to_pil())
        return replace(self, pixels=shown.pixels, alpha=shown.alpha, icc=None)


def check_size(width: int, height: int, max_megapixels: float) -> None:
    """Refuse a picture by the size that its header says, before anything is decoded.

    Raises:
        BadImageError: too many pixels, in all or on a side.
    """
    if width * height > max_megapixels * 1e6:
        raise BadImageError(
            f"The picture has {width} x {height} pixels, more than the limit of {max_megapixels:g} megapixels; make it "
            "smaller first."
        )
    if max(width, height) > MAX_SIDE_PX:
        raise BadImageError(
            f"The picture has {width} x {height} pixels, more than {MAX_SIDE_PX} on a side; cut it into parts first."
        )


def visible_alpha(alpha: np.ndarray | None) -> np.ndarray | None:
    """Give alpha back, or None if it is fully opaque, so that nobody upscales a plane that says nothing."""
    if alpha is None or alpha.min() == np.iinfo(alpha.dtype).max:
        return None
    return alpha


def to_uint8(values: np.ndarray) -> np.ndarray:
    """Round uint16 to the nearest uint8 (65535 becomes 255); uint8 is given back as it is."""
    if values.dtype == np.uint8:
        return values
    result = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), _BAND_ROWS):  # in bands: the sum needs 32 bits
        band = values[top : top + _BAND_ROWS].astype(np.uint32)
        result[top : top + _BAND_ROWS] = (band + 128) // 257
    return result


def oriented(picture: Picture, orientation: int) -> Picture:
    """Turn and mirror as an EXIF orientation of 1 to 8 asks; any other value changes nothing."""
    if orientation not in range(2, 9):
        return picture

    def turn(values: np.ndarray) -> np.ndarray:
        if orientation >= 5:  # 5 to 8 store the picture's columns as rows
            values = values.swapaxes(0, 1)
        if orientation in (2, 3, 6, 7):
            values = values[:, ::-1]
        if orientation in (3, 4, 7, 8):
            values = values[::-1]
        return np.ascontiguousarray(values)

    alpha = None if picture.alpha is None else turn(picture.alpha)
    return replace(picture, pixels=turn(picture.pixels), alpha=alpha)


def to_tensor(picture: Picture) -> "Tensor":
    """Give the pixels as float32 (1, 3, H, W), RGB in [0, 1], with about the tone curve of sRGB; alpha is left out."""
    import torch

    result = np.empty((1, 3, picture.height, picture.width), np.float32)
    # With out= NumPy casts in small pieces, so the only large array is the result.
    np.divide(picture.pixels.transpose(2, 0, 1), np.float32(np.iinfo(picture.pixels.dtype).max), out=result[0])
    x = torch.from_numpy(result)
    return x if picture.tone == 1 else x.pow_(picture.tone)


def from_tensor(x: "Tensor", like: Picture, alpha: "Tensor | None" = None, bit_depth: int | None = None) -> Picture:
    """Round a result to integers, once, and give it the profile, EXIF and notes of the picture it came from.

    The inverse of `to_tensor`: what was not changed rounds to the values that were stored. Works in bands of rows:
    beside ``x`` it needs the integer result and little more.

    Args:
        x: (1, 3, H, W), any float type, any device, RGB; clamped to [0, 1]. Of a gray picture the luminance is taken.
        like: the picture the result was made from.
        alpha: (1, 1, H, W) in [0, 1]; None keeps the alpha of ``like``, which must then have the size of ``x``.
        bit_depth: 8 or 16; None keeps the depth of ``like``.

    Raises:
        ValueError: a shape does not fit, or ``like`` has an alpha of another size and ``alpha`` is None.
    """
    if x.ndim != 4 or tuple(x.shape[:2]) != (1, 3):
        raise ValueError(f"a picture is made from (1, 3, H, W), not {tuple(x.shape)}")
    height, width = x.shape[2:]
    dtype = np.dtype(np.uint16 if (bit_depth or like.bit_depth) == 16 else np.uint8)
    if alpha is not None:
        if tuple(alpha.shape) != (1, 1, height, width):
            raise ValueError(f"alpha must be {(1, 1, height, width)}, not {tuple(alpha.shape)}")
        plane = _quantize(alpha, dtype)[..., 0]
    elif like.alpha is not None and like.alpha.shape != (height, width):
        raise ValueError("the picture changed its size, so its alpha must be resized and passed along")
    else:
        plane = None if like.alpha is None else with_depth(like.alpha, dtype)
    return replace(like, pixels=_quantize(x, dtype, like.gray, like.tone), alpha=visible_alpha(plane))


def _quantize(x: "Tensor", dtype: np.dtype, gray: bool = False, tone: float = 1.0) -> np.ndarray:
    """Round (1, C, H, W) in [0, 1] to (H, W, C) integers, band by band."""
    import torch

    channels, height, width = x.shape[1:]
    top_value = np.iinfo(dtype).max
    result = np.empty((height, width, channels), dtype)
    for top in range(0, height, _BAND_ROWS):
        band = x[0, :, top : top + _BAND_ROWS].detach().to("cpu", torch.float32).clamp(0, 1).permute(1, 2, 0).numpy()
        if gray:
            band = (band @ _LUMINANCE)[..., None]
        if tone != 1:
            band = band ** np.float32(1 / tone)
        result[top : top + _BAND_ROWS] = np.rint(band * np.float32(top_value))
    return result


def with_depth(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Give integers the wanted depth: 255 and 65535 stand for the same value."""
    if values.dtype == dtype:
        return values
    return to_uint8(values) if dtype == np.uint8 else values.astype(np.uint16) * np.uint16(257)


def fill_transparent(picture: Picture) -> Picture:
    """Give fully transparent pixels the color of the nearest visible ones.

    What a file stores under transparent pixels is arbitrary, mostly black. A network or a resize would mix it into the
    visible edge as a dark halo. The colors are taken from a pyramid of averages over visible pixels only.
    """
    if picture.alpha is None or picture.alpha.all() or not picture.alpha.any():
        return picture
    pixels, alpha = picture.pixels.copy(), picture.alpha
    # The finest level is read and written in bands; a float copy of it would be the largest array of the edit.
    tops = range(0, picture.height, _BAND_ROWS)
    halves = [_halve(pixels[top : top + _BAND_ROWS], alpha[top : top + _BAND_ROWS]) for top in tops]
    color, weight = (np.concatenate(parts) for parts in zip(*halves, strict=True))
    _fill_level(color, weight)
    for top in tops:
        rows, columns = np.nonzero(alpha[top : top + _BAND_ROWS] == 0)
        pixels[top + rows, columns] = np.rint(color[(top + rows) // 2, columns // 2])
    return replace(picture, pixels=pixels)


def _halve(color: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average 2x2 blocks of (H, W, 3) by weight (H, W); an odd last row or column stands alone."""
    height, width = weight.shape
    padding = ((0, height % 2), (0, width % 2))
    shape = ((height + 1) // 2, 2, (width + 1) // 2, 2)
    weights = np.pad(weight.astype(np.float32), padding).reshape(*shape, 1)
    colors = np.pad(color.astype(np.float32), (*padding, (0, 0))).reshape(*shape, 3)
    total = weights.sum(axis=(1, 3))
    mean = (colors * weights).sum(axis=(1, 3)) / np.maximum(total, np.float32(1e-6))
    return mean, total[..., 0]


def _fill_level(color: np.ndarray, weight: np.ndarray) -> None:
    """Fill the places of (H, W, 3) ``color`` that have no weight from the next coarser level, in place."""
    if weight.all():
        return
    coarse, coarse_weight = _halve(color, weight)
    _fill_level(coarse, coarse_weight)
    rows, columns = np.nonzero(weight == 0)
    color[rows, columns] = coarse[rows // 2, columns // 2]


def thumbnail(picture: Picture, max_side_px: int) -> Picture:
    """Shrink to an 8-bit preview whose longer side is at most ``max_side_px``; never enlarges."""
    image = picture.to_pil(as_stored=True)
    image.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    small = Picture.from_pil(image)
    return replace(picture, pixels=small.pixels, alpha=small.alpha)
