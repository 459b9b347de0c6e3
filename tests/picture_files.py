"""Picture files of every kind, drawn and assembled for tests."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

RGB = (b"r", b"g", b"b")
FORMATS = ["png", "jpeg", "webp", "avif"]
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


def smooth(height: int = 48, width: int = 64) -> np.ndarray:
    """A colorful (H, W, 3) uint8 picture that lossy formats keep well; no two corners are alike."""
    y, x = np.mgrid[0:height, 0:width]
    planes = (200 * x / width + 20, 180 * y / height + 30, 120 + 60 * np.sin(x / 20) * np.cos(y / 15))
    return np.stack(planes, axis=2).astype(np.uint8)


def noise_16(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, shape, np.uint16)


def file_of(image: Image.Image, kind: str, **extras) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **extras)
    return buffer.getvalue()


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_16(values: np.ndarray, color_type: int, *chunks: bytes) -> bytes:
    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    body = chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def icc_profile(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Assemble a version 2 ICC profile from ready tag bodies."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + xyz(0.9642, 1.0, 0.8249), **tags}
    offset, table, bodies = 128 + 4 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        body += b"\0" * (-len(body) % 4)
        table += name + struct.pack(">II", offset + len(bodies), len(body))
        bodies += body
    header = struct.pack(
        ">I4sI4s4s4s12x4s", offset + len(bodies), b"none", 0x02100000, kind, space, connection, b"acsp"
    )
    header = header.ljust(68, b"\0") + xyz(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies


def xyz(*values: float) -> bytes:
    return struct.pack(">3i", *(round(value * 65536) for value in values))


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def rgb_profile(primaries=ADOBE_RGB, curve: bytes | None = None) -> bytes:
    tags = {name + b"XYZ": b"XYZ \0\0\0\0" + xyz(*values) for name, values in zip(RGB, primaries, strict=True)}
    curves = {name + b"TRC": curve or gamma_curve(2.2) for name in RGB}
    return icc_profile(b"RGB ", b"XYZ ", b"mntr", tags | curves)


def gray_profile(gamma: float) -> bytes:
    return icc_profile(b"GRAY", b"XYZ ", b"mntr", {b"kTRC": gamma_curve(gamma)})


def cmyk_profile() -> bytes:
    """A press without chroma: L falls with black ink alone, so cyan must come out white and black black."""
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    grid = b"".join(bytes((0 if index & 1 else 255, 128, 128)) for index in range(16))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + grid + ramp * 3
    return icc_profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": table})


def exif_with(orientation: int = 1, location: bool = False) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    exif[0x8769] = {0x829A: 0.01, 0xA002: 9999}
    if location:
        exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    return exif
