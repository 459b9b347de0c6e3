"""Training pictures for upscalers: squares of photos, drawings on paper, and whose terms count."""

from pathlib import Path

import numpy as np
from PIL import Image

from tools.prepare_landscapes import Terms
from tools.prepare_photos import SIDE_PX, drawings, is_even, squares, terms_of


def photo(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8))


def test_a_photo_is_cut_into_squares_that_cover_it() -> None:
    small = photo(600, 300)
    cut = list(squares(small))
    assert {square.size for square in cut} == {(SIDE_PX, SIDE_PX)}
    assert {small.crop((x, 0, x + SIDE_PX, SIDE_PX)).tobytes() for x in (0, 600 - SIDE_PX)} <= {
        square.tobytes() for square in cut
    }


def test_a_large_photo_is_cut_at_two_sizes_and_a_tiny_one_is_made_large_enough() -> None:
    assert len(list(squares(photo(1280, 1280)))) == 16 + 9
    assert len(list(squares(photo(100, 100)))) == 1


def test_a_sky_is_even_and_noise_is_not() -> None:
    assert is_even(Image.new("RGB", (SIDE_PX, SIDE_PX), "skyblue")) and not is_even(photo(SIDE_PX, SIDE_PX))


def test_drawings_lie_on_paper_and_small_ones_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "openclipart-png/usr/share/openclipart/png"
    folder.mkdir(parents=True)
    photo(300, 400).save(folder / "large.png")
    photo(40, 40).save(folder / "small.png")
    [square] = drawings(tmp_path, np.random.default_rng(0))
    assert (square.size, square.mode) == ((SIDE_PX, SIDE_PX), "RGB")


def test_the_last_terms_that_name_a_file_count_and_a_blanket_does_not() -> None:
    blanket, wide, narrow = (Terms((pattern,), "", "CC0-1.0", "") for pattern in ("*", "a/*", "a/x.jpg"))
    assert terms_of("a/x.webp", [blanket, wide, narrow]) == narrow
    assert terms_of("a/y.webp", [blanket, wide, narrow]) == wide
    assert terms_of("b/z.webp", [blanket, wide, narrow]) is None
