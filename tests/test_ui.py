"""The parts of the page that need no browser."""

import os
import re
import string
import time
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from ganedit.errors import BadRequestError, UserError
from ganedit.formats import SaveOptions, open_picture, read_recipe
from ganedit.image import Picture
from ganedit.models.card import ModelCard
from ganedit.requests import Adjustments, EditResult, EnhanceRequest, Progress
from ganedit.ui import stage, status
from ganedit.ui.choices import Choices, blank_picture, scales_for
from ganedit.ui.damage import jpeg_quality, looks_damaged, noise_levels
from ganedit.ui.enhance_layout import EXAMPLES
from ganedit.ui.exchange import Exchange, Target
from ganedit.ui.i18n import STRINGS, Html, both, label
from ganedit.ui.limits import check_duration
from ganedit.ui.session import Previews, Recent, Vault, safe_name
from ganedit.ui.toast import toasts

RESTORER = ModelCard("restore", "enhance", "SCUNet", (), "Apache-2.0", True, scale=1)
UPSCALER = ModelCard("up", "enhance", "ESRGAN", (), "CC-BY-NC-4.0", False, scale=4)
TWINNED = ModelCard("two", "enhance", "Compact", (), "BSD-3-Clause", True, scale=4, twin="other")


def _gradient(width: int = 64, height: int = 48) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.dstack([rows * 4, columns * 3, rows + columns]).astype(np.uint8))


def _result(width: int = 8, height: int = 6, **request: object) -> EditResult:
    before = Picture.from_pil(_gradient(width, height))
    after = Picture.from_pil(_gradient(4 * width, 4 * height))
    return EditResult((after,), EnhanceRequest(before, model="none", **request), "none", 1.5)  # pyright: ignore


# ------------------------------------------------------------------- strings


def test_both_languages_of_a_sentence_have_the_same_blanks() -> None:
    def blanks(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence)} - {None}

    assert not [key for key, (english, chinese) in STRINGS.items() if blanks(english) != blanks(chinese)]


def test_every_key_is_in_a_section_of_our_own_and_has_both_texts() -> None:
    assert all(key.startswith("ge.") and all(texts) for key, texts in STRINGS.items())


def test_every_key_used_in_the_page_is_in_the_table() -> None:
    sources = [path.read_text("utf-8") for path in (Path(stage.__file__).parent).glob("*.py")]
    used = {key for text in sources for key in re.findall(r'"(ge\.[a-z_]+\.[a-z_]+)"', text)}
    assert used and not used - STRINGS.keys()


def test_values_are_escaped_and_sentences_inside_sentences_are_not() -> None:
    assert "&lt;b&gt;" in both("ge.hint.fetch", id="<b>")
    assert "<b>" in both("ge.hint.fetch", id=Html("<b>"))


def test_an_unknown_label_is_refused_when_the_page_is_built() -> None:
    with pytest.raises(KeyError):
        label("ge.no.such")


# -------------------------------------------------------------------- choices


def test_a_size_is_taken_instead_of_a_factor() -> None:
    request = Choices(scale="size", width=300, height=200).request(blank_picture(10, 10), None)
    assert request.size == (300, 200)


@pytest.mark.parametrize("width", [None, 0, -4])
def test_a_missing_size_is_told_in_one_sentence(width: float | None) -> None:
    with pytest.raises(BadRequestError):
        Choices(scale="size", width=width).request(blank_picture(10, 10), None)


def test_denoise_goes_only_to_models_with_a_twin() -> None:
    picture = blank_picture(4, 4)
    assert Choices(denoise=0.3).request(picture, TWINNED).denoise == 0.3
    assert Choices(denoise=0.3).request(picture, UPSCALER).denoise is None


def test_a_spot_that_was_not_clicked_changes_nothing() -> None:
    assert Choices(balance="pick").adjustments == Adjustments()
    assert Choices(balance="pick", spot="#102030").adjustments.white_balance == "#102030"
    assert Choices(balance="none", spot="#102030").adjustments.white_balance == "none"


def test_sixteen_bits_are_for_png_alone() -> None:
    assert Choices(depth=16).save_options.bit_depth == 16
    assert Choices(depth=16, format="jpeg").save_options.bit_depth == 8


def test_the_location_is_removed_unless_kept_on_purpose() -> None:
    assert not Choices().save_options.keep_location
    assert Choices(strip=False).save_options.keep_location


def test_a_restorer_is_not_offered_as_an_upscaler() -> None:
    assert scales_for(RESTORER) == ("1",)
    assert "4" in scales_for(UPSCALER) and "4" in scales_for(None)


def test_an_estimate_needs_no_memory() -> None:
    picture = blank_picture(50_000, 50_000)
    assert (picture.width, picture.height, picture.pixels.strides) == (50_000, 50_000, (0, 0, 1))


# --------------------------------------------------------------------- damage


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


def test_the_examples_show_both_kinds_of_input() -> None:
    found = {}
    for name, path in EXAMPLES.items():
        with Image.open(path) as image:
            found[name] = looks_damaged(image, open_picture(path))
        assert path.stat().st_size <= 60_000
    assert found == {"astronaut": True, "cat": False, "coffee": True, "rocket": True}


# --------------------------------------------------------------------- status


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0.1 s"), (1.84, "1.8 s"), (9.96, "10 s"), (59.2, "1 min 0 s"), (125, "2 min 5 s")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert f">{text}<" in status.time_text(seconds)


def test_progress_says_tiles_seconds_and_share() -> None:
    line = status.progress_line(Progress(3, 12, 4.0, "upscale"))
    assert 'aria-valuenow="25"' in line and "tile 3 of 12" in line and "4.0 s" in line


def test_progress_without_an_estimate_shows_none() -> None:
    line = status.progress_line(Progress(0, 12, None, "upscale"))
    assert "left" not in line and "tile" not in line


def test_a_stage_that_the_table_does_not_know_is_still_shown() -> None:
    assert STRINGS["ge.stage.upscale"][0] in status.stage_line("something new")


def test_a_file_name_cannot_bring_html_into_the_page(tmp_path: Path) -> None:
    photo = stage.Photo("t", tmp_path / "<img src=x onerror=alert(1)>.png", "x", "PNG", 4, 4, False, ("<i>note</i>",))
    card = status.photo_card(photo)
    assert "<img" not in card and "<i>note" not in card


def test_notes_are_said_once() -> None:
    picture = Picture.from_pil(_gradient())
    result = EditResult((picture,), EnhanceRequest(picture), "m@1", 1.0, ("First frame.", "First frame."))
    assert status.done_line(result).count("First frame.") == 1


@pytest.mark.parametrize(
    ("damaged", "card", "installed", "key"),
    [
        (None, UPSCALER, True, "ge.hint.start"),
        (True, UPSCALER, True, "ge.hint.damaged"),
        (False, UPSCALER, True, "ge.hint.clean"),
        (True, None, True, "ge.hint.none"),
        (True, UPSCALER, False, "ge.hint.fetch"),
    ],
)
def test_the_hint_follows_the_picture(damaged: bool | None, card: ModelCard | None, installed: bool, key: str) -> None:
    hint = status.hint_line(damaged, card, installed=installed)
    assert STRINGS[key][0].split("<")[0].split("{")[0] in hint


def test_the_hint_warns_of_a_licence_without_commercial_use() -> None:
    assert "commercial" in status.hint_line(True, UPSCALER, installed=True)
    assert "commercial" not in status.hint_line(True, TWINNED, installed=True)


# -------------------------------------------------------------------- session


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


def test_a_minute_of_dragging_leaves_a_handful_of_previews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    previews = Previews()
    paths = [Path(previews.write("t", _gradient())) for _ in range(12)]
    assert len(list(tmp_path.rglob("*.webp"))) == 4 and paths[-1].exists()
    assert np.array_equal(np.asarray(Image.open(paths[-1])), np.asarray(_gradient()))
    previews.drop("t")
    assert not list(tmp_path.rglob("*.webp"))


# ---------------------------------------------------------------------- stage


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


def test_slider_copies_are_lossless_equal_in_size_and_at_most_two_megapixels(tmp_path: Path) -> None:
    vault, previews = Vault(), Previews()
    _gradient(500, 400).save(tmp_path / "a.png")
    photo = stage.take_in(tmp_path / "a.png", vault, previews)
    outcome = stage.outcome_of(_result(500, 400), photo, SaveOptions(format="png"), True, vault)
    with Image.open(outcome.before) as before, Image.open(outcome.after) as after:
        assert before.format == after.format == "PNG"
        assert before.size == after.size and 1.9e6 < after.width * after.height <= 2e6
    with Image.open(outcome.download) as full:
        assert full.size == (2000, 1600)
    assert outcome.download.name == "a-x4.png" and read_recipe(outcome.download)


def test_transparent_results_are_laid_on_paper_for_the_slider(tmp_path: Path) -> None:
    vault = Vault()
    photo = stage.Photo(vault.folder(), tmp_path / "a.png", "a", "PNG", 8, 6, False)
    clear = Picture(np.zeros((6, 8, 3), np.uint8), np.zeros((6, 8), np.uint8))
    result = EditResult((clear,), EnhanceRequest(clear, model="none"), "none", 0.1)
    outcome = stage.outcome_of(result, photo, SaveOptions(format="png"), False, vault)
    assert Image.open(outcome.after).getpixel((3, 3)) == (255, 255, 255)
    assert Image.open(outcome.download).mode == "RGBA" and read_recipe(outcome.download) is None


@pytest.mark.parametrize(
    ("request_", "stem"),
    [({"scale": 2.5}, "a-x2.5"), ({"size": (30, 20)}, "a-30x20"), ({"scale": 1.0}, "a-edited"), ({}, "a-x4")],
)
def test_downloads_are_named_after_what_was_done(tmp_path: Path, request_: dict, stem: str) -> None:
    photo = stage.Photo("t", tmp_path / "a.png", "a", "PNG", 8, 6, False)
    assert stage.download_stem(photo, _result(**request_)) == stem


# ------------------------------------------------------------ toasts and send


def test_our_errors_become_toasts_of_one_sentence_without_html() -> None:
    @toasts
    def event() -> None:
        raise BadRequestError("Too <b>large</b>.")

    with pytest.raises(gr.Error) as caught:
        event()
    assert caught.value.message == "Too &lt;b&gt;large&lt;/b&gt;."


def test_other_errors_are_logged_and_told_kindly(caplog: pytest.LogCaptureFixture) -> None:
    @toasts
    def event():
        yield 1
        raise RuntimeError("secret path")

    steps = event()
    assert next(steps) == 1
    with pytest.raises(gr.Error) as caught:
        next(steps)
    assert "secret" not in str(caught.value.message) and "secret path" in caplog.text


def test_closing_an_event_closes_what_it_runs() -> None:
    closed = []

    @toasts
    def event():
        try:
            yield 1
        finally:
            closed.append(True)

    steps = event()
    next(steps)
    steps.close()
    assert closed


def test_an_edit_that_cannot_end_in_time_is_refused() -> None:
    with pytest.raises(BadRequestError, match="20 minutes"):
        check_duration(1200, 600)
    check_duration(1200, None)
    check_duration(599, 600)


def test_send_to_draws_a_button_for_every_other_tab_and_none_for_its_own() -> None:
    exchange = Exchange()
    with gr.Blocks() as page:
        with gr.Tabs() as tabs:
            with gr.Tab("one", id="one"), gr.Row() as row:
                file = gr.DownloadButton()
            with gr.Tab("two", id="two"):
                taken = gr.Textbox()
        exchange.offer("one", row, file)
        for tab in ("one", "two"):
            exchange.accept(
                Target(f"ge.tab.{'enhance' if tab == 'one' else 'models'}", tab, lambda path, _: path, [], [taken])
            )
        exchange.connect(tabs)
    buttons = [block for block in page.blocks.values() if type(block) is gr.Button]
    assert len(buttons) == 1 and buttons[0].parent is row
