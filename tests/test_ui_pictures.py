"""Pictures on the server: what is seen in them, where they live, and what the page gets of them."""

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganedit.errors import UserError
from ganedit.formats import read_recipe
from ganedit.image import Picture
from ganedit.requests import EditResult, EnhanceRequest
from ganedit.ui import stage
from ganedit.ui.damage import jpeg_quality, noise_levels
from ganedit.ui.file_choices import FileChoices
from ganedit.ui.session import Previews, Recent, Vault, safe_name


def _gradient(width: int = 64, height: int = 48) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.dstack([rows * 4, columns * 3, rows + columns]).astype(np.uint8))


def _result(width: int = 8, height: int = 6, **request: object) -> EditResult:
    before = Picture.from_pil(_gradient(width, height))
    after = Picture.from_pil(_gradient(4 * width, 4 * height))
    return EditResult((after,), EnhanceRequest(before, model="none", **request), "none", 1.5)  # pyright: ignore


# ---------------------------------------------------------------------- damage


def _as_jpeg(path: Path, image: Image.Image, quality: int) -> tuple[Image.Image, Picture]:
    image.save(path, quality=quality)
    opened = Image.open(path)
    return opened, Picture.from_pil(opened)


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(tmp_path: Path, quality: int) -> None:
    opened, _ = _as_jpeg(tmp_path / "a.jpg", _gradient(), quality)
    assert jpeg_quality(opened) == pytest.approx(quality, abs=2)


def test_noise_is_measured_and_edges_are_not_noise() -> None:
    noise = np.random.default_rng(0).normal(128, 8, (128, 128, 1)).repeat(3, axis=2)
    assert noise_levels(Picture(noise.clip(0, 255).astype(np.uint8))) == pytest.approx(8, rel=0.15)
    edges = np.zeros((128, 128, 3), np.uint8)
    edges[:, 64:] = 255
    assert noise_levels(Picture(edges)) == 0


def test_noise_is_in_levels_of_255_for_16_bits_too() -> None:
    noise = np.random.default_rng(0).normal(128, 8, (128, 128, 1)).repeat(3, axis=2).clip(0, 255)
    assert noise_levels(Picture((noise * 257).astype(np.uint16))) == pytest.approx(8, rel=0.15)


def test_a_picture_of_one_pixel_is_not_noisy() -> None:
    assert noise_levels(Picture(np.zeros((1, 1, 3), np.uint8))) == 0


# --------------------------------------------------------------------- session


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\a.png", "a.png"),
        ("照片 1.png", "照片 1.png"),
        ("a\x00b\n.png", "a_b_.png"),
        ("...", "picture"),
        (".png", "png"),
        ("", "picture"),
    ],
)
def test_file_names_become_harmless(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("x" * 300 + ".png") == "x" * 80 + ".png"


def test_the_vault_forgets_what_was_not_used(tmp_path: Path) -> None:
    vault = Vault(lifetime_seconds=60)
    old, used = vault.folder(), vault.folder()
    paths = {token: vault.path(token, "a.png") for token in (old, used)}
    for path in paths.values():
        path.write_bytes(b"x")
        os.utime(path.parent, (time.time() - 120, time.time() - 120))
    vault.path(used, "a.png")
    vault.folder()
    assert paths[used].exists() and not paths[old].exists()
    with pytest.raises(UserError):
        vault.path(old, "a.png")


def test_folders_have_names_that_cannot_be_guessed_and_nobody_else_may_read_them() -> None:
    vault = Vault()
    tokens = {vault.folder() for _ in range(50)}
    assert len(tokens) == 50 and min(map(len, tokens)) >= 20
    assert vault.path(tokens.pop(), "a").parent.stat().st_mode & 0o077 == 0


def test_recent_results_are_bounded_by_bytes_and_the_newest_stays() -> None:
    recent = Recent(limit_bytes=1)
    recent.keep("a", _result())
    newest = _result()
    recent.keep("b", newest)
    assert recent.get("b") is newest
    with pytest.raises(UserError):
        recent.get("a")


def test_the_picture_that_several_results_were_made_from_counts_once() -> None:
    first = _result()
    size = first.edited.pixels.nbytes
    recent = Recent(limit_bytes=size + 3 * first.images[0].pixels.nbytes)
    for name in "abc":
        recent.keep(name, replace(first, images=(replace(first.images[0], pixels=first.images[0].pixels.copy()),)))
    assert recent.get("a").edited is recent.get("c").edited


def test_a_minute_of_dragging_leaves_a_handful_of_previews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    previews = Previews()
    paths = [Path(previews.write("t", _gradient())) for _ in range(12)]
    assert len(list(tmp_path.rglob("*.webp"))) == 4 and paths[-1].exists()
    assert np.array_equal(np.asarray(Image.open(paths[-1])), np.asarray(_gradient()))
    previews.drop("t")
    assert not list(tmp_path.rglob("*.webp"))


# ----------------------------------------------------------------------- stage


def test_an_upload_is_copied_out_of_the_served_folder_and_measured(tmp_path: Path) -> None:
    vault, previews = Vault(), Previews()
    _gradient(2000, 100).save(tmp_path / "wide.png")
    photo = stage.take_in(tmp_path / "wide.png", vault, previews)
    (tmp_path / "wide.png").unlink()
    assert (photo.name, photo.kind, photo.width, photo.height) == ("wide", "PNG", 2000, 100)
    assert stage.original_of(photo, vault).width == 2000
    small = previews.get(photo.token)
    assert small is not None and small.width == 1024


def test_a_preview_dropped_from_memory_is_made_again(tmp_path: Path) -> None:
    vault, previews = Vault(), Previews(pictures_kept=0)
    _gradient().save(tmp_path / "a.png")
    photo = stage.take_in(tmp_path / "a.png", vault, previews)
    assert previews.get(photo.token) is None
    assert stage.preview_of(photo, vault, previews).width == 64


def test_a_forgotten_photo_asks_for_it_again(tmp_path: Path) -> None:
    vault, previews = Vault(), Previews()
    _gradient().save(tmp_path / "a.png")
    photo = stage.take_in(tmp_path / "a.png", vault, previews)
    vault.drop(photo.token)
    with pytest.raises(UserError):
        stage.original_of(photo, vault)


def test_small_pictures_are_shown_enlarged_and_a_click_still_finds_its_pixel() -> None:
    assert stage.shown_size(64, 48) == (1024, 768) and stage.shown_size(1, 4000) == (1, 1024)
    values = np.zeros((40, 40, 3), np.uint8)
    values[20:, 20:] = (200, 100, 50)
    picture = Picture(values)
    assert stage.spot_color(picture, 900, 900) == "#c86432"
    assert stage.spot_color(picture, 100, 900) == "#000000"
    assert stage.spot_color(picture, 5000, -3) == "#000000"


def test_slider_copies_are_lossless_equal_in_size_and_at_most_two_megapixels() -> None:
    vault = Vault()
    result = _result(500, 400)
    outcome = stage.outcome_of(result, result.edited, "a-x4", FileChoices(), vault)
    with Image.open(outcome.before) as before, Image.open(outcome.after) as after:
        assert before.format == after.format == "PNG"
        assert before.size == after.size and 1.9e6 < after.width * after.height <= 2e6
    with Image.open(outcome.download) as full:
        assert full.size == (2000, 1600)
    assert outcome.download.name == "a-x4.png" and read_recipe(outcome.download)


def test_transparent_results_are_laid_on_paper_for_the_slider() -> None:
    vault = Vault()
    clear = Picture(np.zeros((6, 8, 3), np.uint8), np.zeros((6, 8), np.uint8))
    result = EditResult((clear,), EnhanceRequest(clear, model="none"), "none", 0.1)
    outcome = stage.outcome_of(result, clear, "a", FileChoices(embed=False), vault)
    assert Image.open(outcome.after).getpixel((3, 3)) == (255, 255, 255)
    assert Image.open(outcome.download).mode == "RGBA" and read_recipe(outcome.download) is None


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_picture_in_memory_is_kept_to_the_last_bit(depth: type) -> None:
    vault, previews = Vault(), Previews()
    full = np.iinfo(depth).max
    values = np.random.default_rng(0).integers(0, full, (48, 64, 3), depth, endpoint=True)
    alpha = np.linspace(0, full, 48 * 64).astype(depth).reshape(48, 64)
    photo = stage.take_picture(Picture(values, alpha), "holiday", vault, previews)
    assert (photo.name, photo.path.name, photo.kind) == ("holiday", "holiday.png", "PNG")
    back = stage.original_of(photo, vault)
    assert back.bit_depth == depth(0).itemsize * 8
    assert np.array_equal(back.pixels, values) and back.alpha is not None and np.array_equal(back.alpha, alpha)
    assert previews.get(photo.token) is not None
