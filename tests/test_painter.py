"""What goes into the painter and what a browser, which may be anybody's, sends back."""

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ganedit.errors import BadRequestError
from ganedit.ui.painter import EMPTY, build_painter, last_stroke, painted, show

HEIGHT, WIDTH = 30, 41
ADDRESS = "data:image/png;base64,"


def _address(data: bytes) -> str:
    return ADDRESS + base64.b64encode(data).decode()


def _png(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def _some_mask() -> np.ndarray:
    return np.random.default_rng(3).random((HEIGHT, WIDTH)) < 0.4


def test_a_mask_survives_the_way_to_the_browser_and_back() -> None:
    mask = _some_mask()
    value = show(Path("/tmp/preview.webp"), mask, undoable=True)
    assert value["undoable"] is True and value["stroke"] == ""
    np.testing.assert_array_equal(painted(value, HEIGHT, WIDTH), mask)


@pytest.mark.parametrize("mask", [None, np.zeros((HEIGHT, WIDTH), bool)])
def test_a_mask_without_paint_is_no_picture_at_all(mask: np.ndarray | None) -> None:
    value = show("/tmp/preview.webp", mask, undoable=False)
    assert value["mask"] == ""
    back = painted(value, HEIGHT, WIDTH)
    assert back.dtype == np.bool_ and back.shape == (HEIGHT, WIDTH) and not back.any()


def test_a_fully_painted_mask_comes_back_full() -> None:
    assert painted(show("/tmp/p.webp", np.ones((HEIGHT, WIDTH), bool), undoable=True), HEIGHT, WIDTH).all()


@pytest.mark.parametrize(("value", "turn"), [({"turn": 12}, 12), ({"turn": "<b>"}, 0), ({}, 0), (None, 0), ("12", 0)])
def test_an_answer_names_the_value_that_it_was_made_from(value: Any, turn: int) -> None:
    assert show("/tmp/p.webp", None, undoable=True, answers=value)["turn"] == turn


def test_the_picture_is_an_address_that_gradio_serves_whatever_its_folder_is_called() -> None:
    value = show(Path("/tmp/my #1 folder/preview?.webp"), None, undoable=False)
    assert value["picture"] == "/gradio_api/file=/tmp/my%20%231%20folder/preview%3F.webp"


def test_opaque_paint_of_any_bright_color_counts_and_black_or_half_clear_does_not() -> None:
    pixels = np.zeros((1, 5, 4), np.uint8)
    pixels[0, :, :] = [(255, 45, 85, 255), (255, 255, 255, 255), (0, 0, 0, 255), (255, 45, 85, 100), (0, 0, 0, 0)]
    value = {"mask": _address(_png(Image.fromarray(pixels)))}
    assert painted(value, 1, 5).tolist() == [[True, True, False, False, False]]


def test_the_stroke_is_read_apart_from_the_mask() -> None:
    mask = _some_mask()
    value = {"mask": "", "stroke": show("/tmp/p.webp", mask, undoable=True)["mask"]}
    assert not painted(value, HEIGHT, WIDTH).any()
    np.testing.assert_array_equal(last_stroke(value, HEIGHT, WIDTH), mask)


def _bomb() -> bytes:
    """A PNG that calls itself the right size but holds a compressed text of a gigabyte's kind."""
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "a" * (8 << 20), zip=True)
    return _png(Image.new("RGBA", (WIDTH, HEIGHT)), pnginfo=text)


def _cut() -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    return _png(Image.fromarray(noise))[:-400]


def _wrong_checksum() -> bytes:
    data = bytearray(_png(Image.new("RGBA", (WIDTH, HEIGHT))))
    data[30] ^= 255
    return bytes(data)


def _lies_about_its_pixels() -> bytes:
    """A PNG of the right size whose pixels are not compressed pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)), (b"IDAT", b"no zlib"), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


HOSTILE: dict[str, Any] = {
    "a mask of another size": _address(_png(Image.new("RGBA", (WIDTH + 1, HEIGHT)))),
    "a huge mask": _address(_png(Image.new("1", (60_000, 60_000)))),
    "another format": "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8").decode(),
    "another format that calls itself PNG": _address(b"GIF89a" + bytes(40)),
    "a vector picture": "data:image/svg+xml;base64,PHN2Zy8+",
    "an address of a page": "http://127.0.0.1/mask.png",
    "a path": "/etc/passwd",
    "no base64": ADDRESS + "&&&&",
    "letters of another alphabet": ADDRESS + "蒙版",
    "nothing behind the prefix": ADDRESS,
    "too long": ADDRESS + "A" * (6 * HEIGHT * WIDTH + 8000),
    "a bomb": _address(_bomb()),
    "cut off": _address(_cut()),
    "a broken checksum": _address(_wrong_checksum()),
    "no pixels": _address(_lies_about_its_pixels()),
    "a number": 7,
    "nothing": None,
    "a list": [ADDRESS],
}


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_mask_of_the_pictures_size_is_refused_in_one_sentence(part: Any) -> None:
    for read, name in ((painted, "mask"), (last_stroke, "stroke")):
        with pytest.raises(BadRequestError, match="reload the page"):
            read({"mask": "", "stroke": "", name: part}, HEIGHT, WIDTH)


@pytest.mark.parametrize("value", [None, "", [], 3, {}, {"picture": "x"}])
def test_a_value_that_is_no_painters_is_refused(value: Any) -> None:
    with pytest.raises(BadRequestError):
        painted(value, HEIGHT, WIDTH)


def test_the_largest_mask_that_a_browser_can_send_is_read() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    address = _address(_png(Image.fromarray(noise), compress_level=0))
    assert painted({"mask": address}, HEIGHT, WIDTH).shape == (HEIGHT, WIDTH)


def test_the_template_has_nothing_that_gradio_would_fill_in() -> None:
    painter = build_painter()
    assert painter.value == EMPTY
    assert not any(mark in painter.html_template for mark in ("${", "{{", "`", "@children", "onclick", "<script"))


def test_every_tool_is_a_button_with_a_name_in_both_languages() -> None:
    template = build_painter().html_template
    buttons = template.split("<button ")[1:]
    assert len(buttons) == 11
    for one in buttons:
        tip = one.split("</button>")[0]
        assert 'type="button"' in one and '<span lang="en">' in tip and '<span lang="zh">' in tip
