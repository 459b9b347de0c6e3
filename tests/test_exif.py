"""EXIF: the orientation is applied, what is worth keeping is kept, the location only if asked."""

import io
import struct
import tracemalloc

import numpy as np
import pillow_heif
import pytest
import tifffile
from picture_files import FORMATS, chunk, difference, exif_with, file_of, noise_16, png_16, smooth
from PIL import Image, ImageOps

from ganedit.exif import LOST_NOTE
from ganedit.formats import SaveOptions, open_picture, save_picture


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_orientation_is_applied_once(kind, orientation):
    pillow_heif.register_heif_opener()
    stored = Image.fromarray(smooth())
    data = file_of(stored, kind, exif=exif_with(orientation).tobytes(), **({"quality": 95} if kind != "PNG" else {}))
    tagged = stored.copy()
    tagged.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(tagged))
    picture = open_picture(data)
    assert picture.pixels.shape == expected.shape
    assert difference(picture.pixels, expected) < 4
    assert picture.exif is not None
    exif = Image.Exif()
    exif.load(picture.exif)
    assert exif[0x0112] == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_16_bit_files_is_applied_once(orientation):
    values = noise_16(4, 6, 3)
    plain = (values >> 8).astype(np.uint8)
    tagged = Image.fromarray(plain)
    tagged.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(tagged))
    tiff = io.BytesIO()
    tifffile.imwrite(tiff, values, photometric="rgb", extratags=[(0x0112, 3, 1, orientation, True)])
    exif = exif_with(orientation).tobytes().removeprefix(b"Exif\0\0")
    for data in (tiff.getvalue(), png_16(values, 2, chunk(b"eXIf", exif))):
        assert np.array_equal(open_picture(data).pixels >> 8, expected)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
def test_exif_is_kept_and_the_location_only_if_asked(kind, keep, tmp_path):
    data = file_of(Image.fromarray(smooth()), "JPEG", exif=exif_with(6, location=True))
    save_picture(open_picture(data), tmp_path / f"a.{kind}", options=SaveOptions(keep_location=keep))
    with Image.open(tmp_path / f"a.{kind}") as saved:
        exif = saved.getexif()
        assert exif[0x010F] == "Maker"
        assert exif.get(0x0112, 1) == 1
        assert exif.get_ifd(0x8769)[0x829A] == pytest.approx(0.01)
        assert 0xA002 not in exif.get_ifd(0x8769)  # the width of another file
        assert bool(exif.get_ifd(0x8825)) == keep
        assert saved.size == (48, 64)


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")


TURN = entry(0x0112, 3, 1, struct.pack("<H", 6))
MAKER = entry(0x010F, 2, 3, b"Me\0")
FAR = struct.pack("<I", 9_000_000)


def directory(*entries: bytes) -> bytes:
    return struct.pack("<H", len(entries)) + b"".join(sorted(entries)) + b"\0" * 4


def tiff_of(*entries: bytes, more: bytes = b"") -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + directory(*entries).ljust(192, b"\0") + more


def odd_exif() -> dict[str, bytes]:
    inner = struct.pack("<I", 200)
    location = tiff_of(
        TURN,
        MAKER,
        entry(0x8825, 4, 1, inner),
        more=directory(entry(0, 2, 4, b"2.2\0"), entry(1, 2, 2, b"N\0"), entry(6, 2, 3, b"35\0")),
    )
    details = tiff_of(TURN, MAKER, entry(0x8769, 4, 1, inner), more=directory(entry(0xA434, 5, 90, FAR)))
    return {
        "rational as text": tiff_of(TURN, MAKER, entry(282, 2, 3, b"72\0")),
        "text as numbers": tiff_of(TURN, MAKER, entry(270, 5, 2, struct.pack("<I", 150))),
        "value out of the file, before all others": tiff_of(TURN, MAKER, entry(0x00FE, 2, 90, FAR)),
        "description out of the file": tiff_of(TURN, MAKER, entry(0x010E, 2, 90, FAR)),
        "details out of the file": tiff_of(TURN, MAKER, entry(0x8769, 4, 1, FAR)),
        "location of odd kinds": location,
        "lens out of the file": details,
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("odd", odd_exif())
def test_an_odd_tag_takes_neither_the_orientation_nor_another_tag_away(odd, kind):
    pillow_heif.register_heif_opener()
    picture = open_picture(file_of(Image.fromarray(smooth()), kind, exif=b"Exif\0\0" + odd_exif()[odd]))
    assert (picture.width, picture.height) == (48, 64)
    assert picture.exif is not None
    assert b"Me\0" in picture.exif


def test_what_is_left_out_is_told():
    data = file_of(Image.fromarray(smooth()), "JPEG", exif=b"Exif\0\0" + odd_exif()["rational as text"])
    assert open_picture(data).notes == (LOST_NOTE,)
    sound = file_of(Image.fromarray(smooth()), "JPEG", exif=exif_with(6, location=True))
    assert open_picture(sound).notes == ()


def test_the_location_is_not_among_the_bytes_of_the_file(tmp_path):
    exif = exif_with(location=True)
    exif[0x8825] = {1: "N", 29: "1999:12:31"}
    save_picture(open_picture(file_of(Image.fromarray(smooth()), "JPEG", exif=exif)), tmp_path / "a.png")
    assert b"1999:12:31" not in (tmp_path / "a.png").read_bytes()


def test_details_that_lie_where_the_first_tags_do_end():
    looped = tiff_of(TURN, MAKER, entry(0x8769, 4, 1, struct.pack("<I", 8)))
    picture = open_picture(file_of(Image.fromarray(smooth()), "JPEG", exif=b"Exif\0\0" + looped))
    assert (picture.width, picture.height) == (48, 64)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_many_tags_that_point_to_the_same_bytes_do_not_fill_the_memory(kind):
    long_bytes, tags = 60_000, 400
    place = struct.pack("<I", 5_000)
    same = [entry(0x9300 + number, 7, long_bytes, place) for number in range(tags)]
    if kind == "TIFF":
        data = bytearray(file_of(Image.fromarray(smooth()), kind))
        (start,) = struct.unpack_from("<I", data, 4)
        (count,) = struct.unpack_from("<H", data, start)
        own = [bytes(data[at : at + 12]) for at in range(start + 2, start + 2 + 12 * count, 12)]
        struct.pack_into("<I", data, 4, len(data))
        data += directory(*own, *same) + bytes(long_bytes)
    else:
        exif = b"II*\0" + struct.pack("<I", 8) + directory(TURN, *same) + bytes(long_bytes)
        data = file_of(Image.fromarray(smooth()), kind, exif=b"Exif\0\0" + exif)
    tracemalloc.start()
    try:
        assert open_picture(bytes(data)).width
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < tags * long_bytes / 4
