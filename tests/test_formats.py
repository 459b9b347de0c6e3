"""Picture files: what opens, and what is refused."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pillow_heif
import pytest
from picture_files import chunk, difference, file_of, smooth
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganedit.errors import BadImageError
from ganedit.formats import open_picture


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


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_transparent_level_of_a_png_of_few_bits_becomes_alpha(bits):
    levels = np.arange(16, dtype=np.uint8).reshape(2, 8) % (1 << bits)
    rows = [np.unpackbits(row[:, None], axis=1)[:, -bits:].ravel() for row in levels]
    packed = b"".join(b"\0" + np.packbits(row).tobytes() for row in rows)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 2, bits, 0, 0, 0, 0))
    body = chunk(b"tRNS", struct.pack(">H", 1)) + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")
    picture = open_picture(b"\x89PNG\r\n\x1a\n" + header + body)
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, np.where(levels == 1, 0, 255))
    assert np.array_equal(picture.pixels[..., 0][levels != 1], (levels * (255 // ((1 << bits) - 1)))[levels != 1])


SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"


def with_svg_text(kind: str) -> bytes:
    text = PngInfo()
    text.add_text("Source", SVG)
    extras = {
        "PNG": {"pnginfo": text},
        "JPEG": {"comment": SVG},
        "GIF": {"comment": SVG},
        "WEBP": {"xmp": SVG.encode()},
    }
    return file_of(Image.fromarray(smooth()), kind, **extras[kind])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_that_only_speaks_of_svg_opens(kind):
    assert open_picture(with_svg_text(kind)).width == 64


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_that_lacks_only_its_end_marker_opens(missing, progressive):
    whole = file_of(Image.fromarray(smooth()), "JPEG", quality=92, progressive=progressive)
    assert np.array_equal(open_picture(whole[:-missing]).pixels, open_picture(whole).pixels)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [3, 4, 9, 40])
def test_a_jpeg_that_lacks_the_last_of_its_pixels_is_refused(missing, progressive):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with pytest.raises(BadImageError, match="cut off"):
        open_picture(file_of(Image.fromarray(noise), "JPEG", quality=92, progressive=progressive)[:-missing])


@pytest.mark.parametrize("size", [(79_000_000, 1), (1, 65_501)])
def test_a_picture_that_is_too_long_to_be_saved_is_refused_at_once(size):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0))
    with pytest.raises(BadImageError, match="more than 65500 on a side; cut it into parts"):
        open_picture(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


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
