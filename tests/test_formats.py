"""Picture files: what opens, what is refused, what comes back out of a saved file."""

import io
import json
import os
import struct
import zipfile
import zlib

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps
from PIL.JpegImagePlugin import get_sampling

from ganedit.errors import BadImageError, BadRequestError
from ganedit.formats import SaveOptions, open_picture, read_recipe, save_picture
from ganedit.image import Picture, thumbnail

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


# ---------------------------------------------------------------- opening


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "HEIF"])
def test_opens_what_cameras_and_programs_write(kind):
    pillow_heif.register_heif_opener()
    picture = open_picture(file_of(Image.fromarray(smooth()), kind, **({} if kind == "BMP" else {"quality": 95})))
    assert picture.pixels.shape == (48, 64, 3)
    assert difference(picture.pixels, smooth()) < 3
    assert (picture.alpha, picture.gray, picture.icc, picture.notes) == (None, False, None, ())


def test_takes_a_path_a_string_bytes_and_a_stream(tmp_path):
    data = file_of(Image.fromarray(smooth()), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    for file in (path, str(path), data, io.BytesIO(data)):
        assert np.array_equal(open_picture(file).pixels, smooth())


def test_gray_files_are_gray():
    for mode in ("1", "L", "LA"):
        picture = open_picture(file_of(Image.new(mode, (4, 4)), "PNG"))
        assert picture.gray


def test_palette_with_transparency_becomes_color_and_alpha():
    image = Image.new("P", (4, 2), 1)
    image.putpalette([0, 0, 0, 250, 120, 10])
    image.putpixel((0, 0), 0)
    picture = open_picture(file_of(image, "PNG", transparency=0))
    assert picture.alpha is not None
    assert picture.alpha[:, :2].tolist() == [[0, 255], [255, 255]]
    assert picture.pixels[1, 1].tolist() == [250, 120, 10]


def test_one_transparent_color_of_an_rgb_png_becomes_alpha():
    image = Image.fromarray(smooth())
    clear = image.getpixel((3, 0))
    picture = open_picture(file_of(image, "PNG", transparency=clear))
    assert picture.alpha is not None
    assert picture.alpha[0, 3] == 0
    assert picture.alpha[40, 40] == 255


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_used_and_told(kind):
    frames = [Image.new("RGB", (32, 16), color) for color in ("red", "blue")]
    picture = open_picture(file_of(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert picture.notes == ("Only the first frame of this animation is used.",)
    assert difference(picture.pixels, np.asarray(frames[0])) < 3


def test_of_a_tiff_with_pages_the_first_is_used_and_told():
    pages = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    picture = open_picture(file_of(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert picture.notes == ("Only the first page of this file is used.",)
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]


def test_the_second_view_of_a_phone_photo_is_not_worth_a_note():
    views = [Image.fromarray(smooth()), Image.fromarray(smooth())]
    picture = open_picture(file_of(views[0], "MPO", save_all=True, append_images=views[1:]))
    assert picture.notes == ()


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


@pytest.mark.parametrize(("channels", "color_type"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_16_bit_png_keeps_every_bit(channels, color_type):
    values = noise_16(5, 7, channels)
    picture = open_picture(png_16(values, color_type))
    assert picture.pixels.dtype == np.uint16
    assert picture.gray == (channels < 3)
    expected = values[..., :3] if channels > 2 else values[..., :1].repeat(3, axis=2)
    assert np.array_equal(picture.pixels, expected)
    if channels in (2, 4):
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, values[..., -1])
    else:
        assert picture.alpha is None


def test_the_transparent_level_of_a_16_bit_gray_png_becomes_alpha():
    values = noise_16(5, 7, 1)
    picture = open_picture(png_16(values, 0, chunk(b"tRNS", struct.pack(">H", values[2, 3, 0]))))
    assert picture.alpha is not None
    assert picture.alpha[2, 3] == 0
    assert picture.alpha.max() == 65535


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_keeps_every_bit(channels, byteorder):
    values = noise_16(5, 7, channels)
    file = io.BytesIO()
    extra = ["unassalpha"] if channels == 4 else None
    kind = "minisblack" if channels == 1 else "rgb"
    tifffile.imwrite(file, values.squeeze(), photometric=kind, extrasamples=extra, byteorder=byteorder)
    picture = open_picture(file.getvalue())
    assert np.array_equal(picture.pixels, values[..., :3] if channels > 1 else values.repeat(3, axis=2))
    assert (picture.alpha is not None) == (channels == 4)


def test_a_fourth_channel_of_unknown_meaning_is_not_alpha():
    values = noise_16(5, 7, 4)
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="rgb", extrasamples=["unspecified"])
    picture = open_picture(file.getvalue())
    assert picture.alpha is None
    assert np.array_equal(picture.pixels, values[..., :3])


def test_a_16_bit_tiff_of_separate_planes_is_never_scrambled():
    planes = np.stack([np.full((8, 8), value * 257, np.uint16) for value in (200, 100, 50)])
    file = io.BytesIO()
    tifffile.imwrite(file, planes, photometric="rgb", planarconfig="separate")
    try:
        picture = open_picture(file.getvalue())
    except BadImageError:
        return  # refused is fine, wrong is not
    assert picture.pixels[4, 4].tolist() == [200, 100, 50]


def test_premultiplied_16_bit_tiff_becomes_straight_and_tells_its_loss():
    values = np.full((4, 4, 4), (10000, 20000, 30000, 32768), np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="rgb", extrasamples=["assocalpha"])
    picture = open_picture(file.getvalue())
    assert picture.notes == ("Only 8 of the 16 bits of this file are used.",)
    assert np.abs(picture.pixels[0, 0] - np.array([78, 156, 233])).max() <= 2


@pytest.mark.parametrize("dtype", [np.float32, np.uint32])
def test_tiff_of_32_bits_is_refused_in_a_sentence(dtype):
    file = io.BytesIO()
    tifffile.imwrite(file, np.ones((4, 4), dtype), photometric="minisblack")
    with pytest.raises(BadImageError):
        open_picture(file.getvalue())


# -------------------------------------------------------------- printing colors


def cmyk_image() -> Image.Image:
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :16, 0] = 255  # cyan, then bare paper
    return Image.fromarray(inks, "CMYK")


def without_adobe_marker(jpeg: bytes) -> bytes:
    at = jpeg.index(b"\xff\xee")
    length = struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    return jpeg[:at] + jpeg[at + 2 + length :]


def test_cmyk_jpeg_of_adobe_is_not_inverted():
    data = file_of(cmyk_image(), "JPEG", quality=95)
    picture = open_picture(data)
    assert difference(picture.pixels[0, 2], np.array([0, 255, 255])) < 5
    assert difference(picture.pixels[0, 28], np.array([255, 255, 255])) < 5
    assert picture.notes == ("The printing colors (CMYK) were converted to sRGB.",)
    assert not picture.gray


def test_cmyk_jpeg_without_the_adobe_marker_stores_its_inks_plainly():
    plain = ImageOps.invert(Image.merge("RGB", cmyk_image().split()[:3])).split()
    inverted = Image.merge("CMYK", (*plain, Image.new("L", (32, 16), 255)))
    picture = open_picture(without_adobe_marker(file_of(inverted, "JPEG", quality=95)))
    assert difference(picture.pixels[0, 2], np.array([0, 255, 255])) < 5


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_a_cmyk_profile_decides_the_colors_and_is_not_given_back(kind, tmp_path):
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :16, 0] = inks[:, 16:, 3] = 255
    picture = open_picture(file_of(Image.fromarray(inks, "CMYK"), kind, icc_profile=cmyk_profile()))
    assert picture.pixels[0, 2].min() > 250
    assert picture.pixels[0, 28].max() < 5
    assert picture.icc is None
    save_picture(picture, tmp_path / "a.png")
    assert "icc_profile" not in Image.open(tmp_path / "a.png").info


# ---------------------------------------------------------------- profiles


@pytest.mark.parametrize("kind", FORMATS)
def test_colors_become_srgb_and_the_profile_comes_back(kind, tmp_path):
    icc = rgb_profile()
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert difference(picture.pixels, smooth()) > 3  # the colors really are others in sRGB
    save_picture(picture, tmp_path / f"a.{kind}")
    with Image.open(tmp_path / f"a.{kind}") as saved:
        assert saved.info["icc_profile"] == icc
        # Colors outside sRGB are clipped, the others come back but for rounding and compression.
        inside = ((picture.pixels > 0) & (picture.pixels < 255)).all(axis=2)
        assert inside.mean() > 0.3
        assert difference(np.asarray(saved.convert("RGB"))[inside], smooth()[inside]) < 2.5


def test_conversion_agrees_with_the_mathematics():
    value = np.array([100, 150, 90]) / 255
    linear = np.linalg.inv(np.array(SRGB).T) @ np.array(ADOBE_RGB).T @ value**2.2
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    data = file_of(Image.new("RGB", (2, 2), (100, 150, 90)), "PNG", icc_profile=rgb_profile())
    assert np.abs(open_picture(data).pixels[0, 0] - expected).max() <= 1.5


def test_an_srgb_profile_changes_no_pixel(tmp_path):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert np.array_equal(picture.pixels, smooth())
    save_picture(picture, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as saved:
        assert np.array_equal(np.asarray(saved), smooth())
        assert saved.info["icc_profile"] == icc


def test_an_almost_srgb_profile_changes_no_pixel():
    encoded = np.linspace(0, 1, 1024)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    curve = b"curv\0\0\0\0" + struct.pack(">I", 1024) + np.rint(linear * 65535).astype(">u2").tobytes()
    icc = rgb_profile(SRGB, curve)
    values = (noise_16(256, 256, 3) >> 8).astype(np.uint8)
    assert np.array_equal(open_picture(file_of(Image.fromarray(values), "PNG", icc_profile=icc)).pixels, values)


def test_without_a_profile_none_is_embedded(tmp_path):
    for kind in FORMATS:
        save_picture(Picture(smooth()), tmp_path / f"a.{kind}")
        assert not Image.open(tmp_path / f"a.{kind}").info.get("icc_profile")


def test_a_gray_profile_is_applied_and_given_back(tmp_path):
    gray = smooth()[..., 0]
    picture = open_picture(file_of(Image.fromarray(gray), "PNG", icc_profile=gray_profile(1.4)))
    assert picture.gray
    assert difference(picture.pixels[..., 0], gray) > 10
    assert np.ptp(picture.pixels, axis=2).max() == 0
    save_picture(picture, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as saved:
        assert saved.mode == "L"
        assert saved.info["icc_profile"] == gray_profile(1.4)
        assert difference(np.asarray(saved), gray) < 2


def test_16_bit_colors_stay_in_their_profile_and_come_back_exactly(tmp_path):
    values = noise_16(8, 8, 3)
    data = png_16(values, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile())))
    picture = open_picture(data)
    assert picture.in_icc_space
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=16))
    again = open_picture(tmp_path / "a.png")
    assert again.icc == rgb_profile()
    assert np.array_equal(again.pixels, values)


def test_the_preview_of_a_16_bit_picture_is_srgb():
    values = np.full((2, 2, 3), (100 * 257, 150 * 257, 90 * 257), np.uint16)
    deep = open_picture(png_16(values, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile()))))
    flat = open_picture(file_of(Image.new("RGB", (2, 2), (100, 150, 90)), "PNG", icc_profile=rgb_profile()))
    assert deep.to_pil().getpixel((0, 0)) == flat.to_pil().getpixel((0, 0))


def test_the_preview_of_a_16_bit_gray_picture_is_srgb():
    values = np.full((2, 2, 1), 100 * 257, np.uint16)
    deep = open_picture(png_16(values, 0, chunk(b"iCCP", b"x\0\0" + zlib.compress(gray_profile(1.4)))))
    flat = open_picture(file_of(Image.new("L", (2, 2), 100), "PNG", icc_profile=gray_profile(1.4)))
    assert deep.to_pil().getpixel((0, 0)) == flat.pixels[0, 0, 0]
    assert deep.to_pil().mode == "L"


def test_a_thumbnail_is_not_converted_twice():
    values = np.full((8, 8, 3), (100 * 257, 150 * 257, 90 * 257), np.uint16)
    deep = open_picture(png_16(values, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile()))))
    assert thumbnail(deep, 4).to_pil().getpixel((0, 0)) == deep.to_pil().getpixel((0, 0))


@pytest.mark.parametrize("icc", [b"not a profile", gray_profile(2.2), cmyk_profile()])
def test_a_profile_that_does_not_fit_is_left_out(icc):
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert np.array_equal(picture.pixels, smooth())
    assert picture.icc is None


# ------------------------------------------------------------------- hostile


def bomb(side: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, world", "not a picture"),
        (zipped(), "not a picture"),
        (b"%PDF-1.7\n", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\x89PNG\r\n\x1a\n", "not a picture|damaged"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "not a picture|damaged"),
        (b"\0\0\0\x18ftypavif" + b"\0" * 40, "not a picture|damaged"),
        (bomb(50_000), "too many pixels"),
        (bomb(10_000), "100|limit"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_hostile_files_are_refused_in_one_sentence(data, words):
    with pytest.raises(BadImageError, match=words) as caught:
        open_picture(data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "HEIF", "GIF"])
def test_truncated_files_are_refused(kind):
    pillow_heif.register_heif_opener()
    data = file_of(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)), kind)
    for share in (0.05, 0.5, 0.8):
        with pytest.raises(BadImageError):
            open_picture(data[: int(len(data) * share)])


def test_truncated_16_bit_files_are_refused_without_noise(capfd):
    tiff = io.BytesIO()
    tifffile.imwrite(tiff, noise_16(32, 32, 3), photometric="rgb")
    for data in (png_16(noise_16(32, 32, 3), 2), tiff.getvalue()):
        with pytest.raises(BadImageError):
            open_picture(data[: len(data) * 2 // 3])
    assert capfd.readouterr().err == ""


def test_the_size_is_checked_before_the_pixels_are_decoded(monkeypatch):
    def decode(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(BadImageError, match=r"limit of 0\.001 megapixels"):
        open_picture(file_of(Image.new("RGB", (64, 64)), "PNG"), max_megapixels=0.001)


def test_a_picture_of_exactly_the_limit_opens():
    assert open_picture(file_of(Image.new("RGB", (100, 100)), "PNG"), max_megapixels=0.01).width == 100


def test_random_damage_never_leaks_another_error():
    random = np.random.default_rng(1)
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"):
        data = bytearray(file_of(Image.fromarray(smooth()), kind))
        for _ in range(30):
            broken = bytearray(data)
            for at in random.integers(0, len(broken), 8):
                broken[at] = random.integers(0, 256)
            try:
                open_picture(bytes(broken))
            except BadImageError:
                continue


@pytest.mark.parametrize("name", ["missing.png", "", "a\0b"])
def test_a_file_that_cannot_be_read_is_told(name, tmp_path):
    with pytest.raises(BadImageError):
        open_picture(f"{tmp_path}/{name}")


# ------------------------------------------------------------------- saving


@pytest.mark.parametrize("alpha", [False, True])
def test_16_bit_png_round_trip_is_exact(alpha, tmp_path):
    picture = Picture(noise_16(20, 30, 3), noise_16(20, 30) if alpha else None)
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=16))
    again = open_picture(tmp_path / "a.png")
    assert np.array_equal(again.pixels, picture.pixels)
    if picture.alpha is None:
        assert again.alpha is None
    else:
        assert again.alpha is not None
        assert np.array_equal(again.alpha, picture.alpha)


def test_8_bit_png_round_trip_is_exact_with_hidden_color(tmp_path):
    picture = Picture(smooth(), smooth()[..., 0] // 4 * 2)
    save_picture(picture, tmp_path / "a.png")
    again = open_picture(tmp_path / "a.png")
    assert again.alpha is not None
    assert picture.alpha is not None
    assert np.array_equal(again.pixels, picture.pixels)
    assert np.array_equal(again.alpha, picture.alpha)


def test_16_bits_are_rounded_to_8(tmp_path):
    save_picture(Picture(np.full((2, 2, 3), 129, np.uint16)), tmp_path / "a.png", options=SaveOptions(bit_depth=8))
    again = open_picture(tmp_path / "a.png")
    assert again.pixels.dtype == np.uint8
    assert again.pixels[0, 0, 0] == 1


def test_8_bits_are_widened_to_16(tmp_path):
    save_picture(Picture(smooth()), tmp_path / "a.png", options=SaveOptions(bit_depth=16))
    assert np.array_equal(open_picture(tmp_path / "a.png").pixels, smooth().astype(np.uint16) * 257)


@pytest.mark.parametrize(("kind", "bit_depth"), [("png", 8), ("png", 16), ("jpeg", 8)])
def test_gray_pictures_are_written_gray(kind, bit_depth, tmp_path):
    gray = smooth()[..., :1].repeat(3, axis=2)
    save_picture(Picture(gray, gray=True), tmp_path / f"a.{kind}", options=SaveOptions(bit_depth=bit_depth))
    again = open_picture(tmp_path / f"a.{kind}")
    assert again.gray
    assert again.bit_depth == bit_depth


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_gray_stays_neutral_where_the_format_has_no_gray(kind, tmp_path):
    gray = smooth()[..., :1].repeat(3, axis=2)
    save_picture(Picture(gray, gray=True, icc=gray_profile(1.4)), tmp_path / f"a.{kind}")
    again = open_picture(tmp_path / f"a.{kind}")
    assert again.icc is None
    assert np.ptp(again.pixels.astype(int), axis=2).max() <= 2
    assert difference(again.pixels, gray) < 2


@pytest.mark.parametrize("kind", FORMATS)
def test_colors_and_alpha_survive_every_format(kind, tmp_path):
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :32] = 128
    save_picture(Picture(smooth(), alpha), tmp_path / f"a.{kind}")
    again = open_picture(tmp_path / f"a.{kind}")
    assert difference(again.pixels[:, 36:], smooth()[:, 36:]) < 2
    if kind == "jpeg":
        assert again.alpha is None
        assert difference(again.pixels[:, :28], smooth()[:, :28] * 0.5 + 127.5) < 3
    else:
        assert again.alpha is not None
        assert difference(again.alpha, alpha) < 2


def test_jpeg_keeps_the_full_color_resolution(tmp_path):
    save_picture(Picture(smooth()), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as saved:
        assert get_sampling(saved) == 0  # 4:4:4


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_a_gray_png_keeps_its_gray_profile(bit_depth, tmp_path):
    gray = smooth()[..., 0]
    picture = open_picture(file_of(Image.fromarray(gray), "PNG", icc_profile=gray_profile(1.4)))
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=bit_depth))
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.info["icc_profile"] == gray_profile(1.4)
        assert difference(np.asarray(saved) / (257 if bit_depth == 16 else 1), gray) < 1


def test_quality_changes_the_size(tmp_path):
    for quality in (20, 95):
        save_picture(Picture(smooth()), tmp_path / f"{quality}.webp", options=SaveOptions(quality=quality))
    assert os.path.getsize(tmp_path / "20.webp") < os.path.getsize(tmp_path / "95.webp")


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


def test_the_location_is_not_among_the_bytes_of_the_file(tmp_path):
    exif = exif_with(location=True)
    exif[0x8825] = {1: "N", 29: "1999:12:31"}
    save_picture(open_picture(file_of(Image.fromarray(smooth()), "JPEG", exif=exif)), tmp_path / "a.png")
    assert b"1999:12:31" not in (tmp_path / "a.png").read_bytes()


def test_16_bit_png_carries_exif_profile_and_recipe(tmp_path):
    picture = Picture(noise_16(8, 8, 3), icc=rgb_profile(), in_icc_space=True, exif=exif_with().tobytes())
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=16), recipe='{"a": 1}')
    with Image.open(tmp_path / "a.png") as saved:
        saved.verify()  # checks every chunk's sum
    again = open_picture(tmp_path / "a.png")
    assert again.icc == picture.icc
    assert again.exif is not None
    assert b"Maker" in again.exif
    assert read_recipe(tmp_path / "a.png") == '{"a": 1}'


@pytest.mark.parametrize("name", ["a.bmp", "a.heic", "a.svg", "a.png.exe"])
def test_an_unknown_ending_is_refused_with_the_possible_ones(name, tmp_path):
    with pytest.raises(BadRequestError, match=r"\.png.*\.webp|\.webp.*\.png"):
        save_picture(Picture(smooth()), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "kind"), [("a", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("a.avif", "AVIF")])
def test_the_ending_decides_the_format(name, kind, tmp_path):
    save_picture(Picture(smooth()), tmp_path / name)
    assert Image.open(tmp_path / name).format == kind


def test_a_named_format_overrides_the_ending(tmp_path):
    save_picture(Picture(smooth()), tmp_path / "a.tmp", options=SaveOptions(format="webp"))
    assert Image.open(tmp_path / "a.tmp").format == "WEBP"


@pytest.mark.parametrize("settings", [{"format": "bmp"}, {"quality": 0}, {"quality": 101}, {"bit_depth": 10}])
def test_options_out_of_range_are_refused(settings):
    with pytest.raises(BadRequestError):
        SaveOptions(**settings)


def test_16_bits_are_refused_where_the_format_has_none(tmp_path):
    with pytest.raises(BadRequestError, match="PNG"):
        save_picture(Picture(smooth()), tmp_path / "a.jpg", options=SaveOptions(bit_depth=16))


def test_too_wide_for_the_format_is_refused(tmp_path):
    with pytest.raises(BadRequestError, match="16383"):
        save_picture(Picture(np.zeros((1, 16_384, 3), np.uint8)), tmp_path / "a.webp")


@pytest.mark.parametrize("step", ["os.replace", "pathlib.Path.write_bytes"])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(step, monkeypatch, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(target, *_):
        if step != "os.replace":
            with open(target, "wb") as stream:
                stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, fail)
    with pytest.raises(BadRequestError, match="No space left"):
        save_picture(Picture(smooth()), path)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(BadRequestError, match="none does not exist"):
        save_picture(Picture(smooth()), tmp_path / "none" / "a.png")


# ------------------------------------------------------------------- recipe


@pytest.mark.parametrize("alpha", [None, np.full((48, 64), 99, np.uint8)])
@pytest.mark.parametrize("kind", FORMATS)
def test_the_recipe_comes_back_letter_by_letter(kind, alpha, tmp_path):
    recipe = json.dumps(
        {"model": "a\"b'<&>]]>", "text": "增强 é 🙂", "n": [1, 2.5, None]}, ensure_ascii=False, indent=1
    )
    save_picture(Picture(smooth(), alpha), tmp_path / f"a.{kind}", recipe=recipe + "\r\n")
    assert read_recipe(tmp_path / f"a.{kind}") == recipe + "\r\n"


@pytest.mark.parametrize("kind", FORMATS)
def test_no_recipe_reads_as_none(kind, tmp_path):
    save_picture(Picture(smooth()), tmp_path / f"a.{kind}")
    assert read_recipe(tmp_path / f"a.{kind}") is None


@pytest.mark.parametrize("recipe", ["x" * 70_000, "\0", "\ud800"])
def test_a_recipe_that_no_file_can_hold_is_refused(recipe, tmp_path):
    with pytest.raises(BadRequestError):
        save_picture(Picture(smooth()), tmp_path / "a.png", recipe=recipe)


@pytest.mark.parametrize(
    "packet",
    [
        b"<",
        b"\xff\xfe",
        b"<?xml version='1.0' encoding='nonsense'?><a/>",
        b"<a/>",
        "<!DOCTYPE a><a xmlns:g='urn:ganedit:1.0:'><g:recipe>b</g:recipe></a>".encode("utf-16"),
        b"<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a xmlns:g='urn:ganedit:1.0:'><g:recipe>&b;</g:recipe></a>",
        b"<a xmlns:g='urn:ganedit:1.0:'><g:recipe>" + b"x" * 70_000 + b"</g:recipe></a>",
    ],
)
def test_foreign_and_hostile_packets_hold_no_recipe(packet):
    data = file_of(Image.fromarray(smooth()), "WEBP", xmp=packet)
    assert read_recipe(data) is None


def test_asking_something_else_for_a_recipe_is_a_bad_image():
    with pytest.raises(BadImageError):
        read_recipe(b"hello")


def test_opencv_is_as_talkative_after_opening_as_before():
    before = cv2.utils.logging.getLogLevel()
    open_picture(png_16(noise_16(4, 4, 3), 2))
    assert cv2.utils.logging.getLogLevel() == before
