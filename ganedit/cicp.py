"""Color codes (CICP) and a PNG's gamma and primaries, which stand for a profile; HDR brought to ordinary displays.

Source: ITU-T H.273 for the codes, ITU-R BT.2100 for the curves.
"""

import struct
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ganedit.image import Picture, with_depth

PQ, HLG = 16, 18
"""Transfer codes of HDR."""

HDR_NOTE = "This picture is HDR: what is brighter than an ordinary display shows was compressed."

_SRGB_PRIMARIES, _UNSPECIFIED = 1, 2
_PRIMARIES_XY = {  # x and y of red, green, blue; the white of all of them is D65
    _SRGB_PRIMARIES: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060),
    5: (0.640, 0.330, 0.290, 0.600, 0.150, 0.060),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
"""Transfer codes that are a power law; browsers show all others but HDR with sRGB's curve."""

_D65_XY = (0.3127, 0.3290)
_SRGB_GAMMA, _SAME_GAMMA, _SAME_XY = 2.2, 0.11, 0.002  # what is as close to sRGB's is meant to be sRGB's
_LEAST_GAMMA, _MOST_GAMMA = 0.2, 5.0
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])  # the white of ICC profiles
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

_WHITE_NITS = 203  # BT.2408: diffuse white in HDR
_HLG_PEAK_NITS, _HLG_GAMMA = 1000, 1.2
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of BT.2020
_SHOULDER = ((0, 1, 1.36, 1.83, 2.48, 3.36, 4.93), (0, 0.5, 0.624, 0.716, 0.807, 0.896, 1))
"""Light over diffuse white, and what Chromium 156 shows for it: half up to white, the rest for what is brighter."""

_BAND_ROWS = 256


def color_codes(data: bytes) -> tuple[int, int] | None:
    """Find the codes of the primaries and the transfer curve in a HEIC, AVIF or PNG file."""
    if data[4:8] == b"ftyp":
        at = data.find(b"colrnclx")
        return struct.unpack_from(">HH", data, at + 8) if 0 <= at <= len(data) - 12 else None
    at = data.find(b"cICP", 0, max(data.find(b"IDAT"), 0)) if data.startswith(b"\x89PNG") else -1
    return (data[at + 4], data[at + 5]) if at >= 0 else None


def with_color_codes(picture: Picture, primaries: int, transfer: int) -> Picture:
    """Give a picture the profile that its codes stand for; HDR becomes 16 bits with sRGB's curve and a note.

    Args:
        picture: without a profile, its values as they were stored.
        primaries: a code of H.273; unknown ones are taken for sRGB's.
        transfer: likewise.
    """
    known = primaries if primaries in _PRIMARIES_XY else _SRGB_PRIMARIES
    if transfer in (PQ, HLG):
        deep = np.dtype(np.uint16)
        alpha = None if picture.alpha is None else with_depth(picture.alpha, deep)
        pixels = _shown(with_depth(picture.pixels, deep), transfer)
        picture = replace(picture, pixels=pixels, alpha=alpha, notes=(*picture.notes, HDR_NOTE))
    gamma = _GAMMAS.get(transfer)
    if gamma is None and (picture.gray or known == _SRGB_PRIMARIES):
        return picture
    return replace(picture, icc=_matrix_profile(_PRIMARIES_XY[known], _D65_XY, gamma))


def png_profile(info: dict[Any, Any]) -> bytes | None:
    """Give the profile that the gamma and the primaries of a PNG stand for, as browsers understand them.

    Args:
        info: as Pillow read it.

    Returns:
        None if the file names no gamma, or if it is sRGB.
    """
    gamma = 1 / info["gamma"] if info.get("gamma") else 0.0
    if "srgb" in info or not _LEAST_GAMMA <= gamma <= _MOST_GAMMA:
        return None
    plain = (*_D65_XY, *_PRIMARIES_XY[_SRGB_PRIMARIES])
    named = info.get("chromaticity", plain)
    places = named if all(0 < y < 1 for y in named[1::2]) else plain
    if abs(gamma - _SRGB_GAMMA) <= _SAME_GAMMA and np.allclose(places, plain, rtol=0, atol=_SAME_XY):
        return None
    try:
        return _matrix_profile(tuple(places[2:]), tuple(places[:2]), gamma)
    except (ArithmeticError, ValueError, struct.error):  # the primaries lie on a line, or outside of all colors
        return None


def _shown(pixels: np.ndarray, transfer: int) -> np.ndarray:
    """Bring HDR, (H, W, 3) uint16, to the brightness of an ordinary display, in its own primaries with sRGB's curve."""
    light = _light(transfer)
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), _BAND_ROWS):
        band = light[pixels[top : top + _BAND_ROWS]]
        if transfer == HLG:  # its light is the scene's, which a display makes steeper by luminance
            band *= (band @ _LUMINANCE)[..., None] ** (_HLG_GAMMA - 1) * np.float32(_HLG_PEAK_NITS / _WHITE_NITS)
        brightest = band.max(axis=2, keepdims=True)  # one factor for all channels keeps the hue
        band *= np.interp(brightest, *_SHOULDER).astype(np.float32) / np.maximum(brightest, np.float32(1e-9))
        encoded = np.where(band <= 0.0031308, band * 12.92, 1.055 * band ** np.float32(1 / 2.4) - 0.055)
        result[top : top + _BAND_ROWS] = np.rint(encoded.clip(0, 1) * 65535)
    return result


@cache
def _light(transfer: int) -> np.ndarray:
    """Give the light over diffuse white of each of the 65536 levels, float32; of HLG the scene's, from 0 to 1."""
    level = np.linspace(0, 1, 65536)
    if transfer == PQ:
        root = level ** (32 / 2523)
        nits = 10_000 * ((root - 0.8359375).clip(0) / (18.8515625 - 18.6875 * root)) ** (16384 / 2610)
    else:
        scene = np.where(level <= 0.5, level**2 / 3, (np.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        return scene.astype(np.float32)
    return (nits / _WHITE_NITS).astype(np.float32)


@cache
def _matrix_profile(primaries: tuple[float, ...], white: tuple[float, ...], gamma: float | None) -> bytes:
    """Assemble an RGB profile from x and y of its primaries and white; without a gamma it has sRGB's curve."""
    columns = np.array([_xyz(*pair) for pair in _pairs(primaries)]).T
    to_xyz = columns * np.linalg.solve(columns, _xyz(*white))
    adapted = np.diag((_BRADFORD @ _D50_XYZ) / (_BRADFORD @ _xyz(*white)))
    to_pcs = np.linalg.solve(_BRADFORD, adapted @ _BRADFORD @ to_xyz)
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045) if gamma is None else (gamma,)
    curve = b"para\0\0\0\0" + struct.pack(">HH", 3 if gamma is None else 0, 0) + _fixed(*numbers)
    places = " ".join(f"{each:g}" for each in primaries)
    name = f"Primaries {places}, {'sRGB curve' if gamma is None else f'gamma {gamma:.3g}'}"
    text = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(name), 28) + name.encode("utf-16-be")
    tags = {b"desc": text, b"cprt": text, b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50_XYZ)}
    for color, column in zip((b"r", b"g", b"b"), to_pcs.T, strict=True):
        tags |= {color + b"XYZ": b"XYZ \0\0\0\0" + _fixed(*column), color + b"TRC": curve}
    return _icc_file(tags)


def _icc_file(tags: dict[bytes, bytes]) -> bytes:
    """Put the tags of an RGB display profile, version 4, behind its header and table."""
    table, bodies, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(bodies), len(body))
        bodies += body + b"\0" * (-len(body) % 4)
    kinds = struct.pack(">4sI4s4s4s", b"\0" * 4, 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    header = struct.pack(">I", start + len(bodies)) + kinds + b"\0" * 12 + b"acsp" + b"\0" * 28 + _fixed(*_D50_XYZ)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def _pairs(values: tuple[float, ...]) -> list[tuple[float, float]]:
    return list(zip(values[::2], values[1::2], strict=True))


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
