"""The sentences of the page in both languages, and the lines made of them."""

import re
import string
from pathlib import Path

import numpy as np
import pytest

from ganedit.image import Picture
from ganedit.models.card import ModelCard
from ganedit.requests import EditResult, EnhanceRequest, Progress
from ganedit.ui import status
from ganedit.ui.enhance_layout import hint_line
from ganedit.ui.i18n import STRINGS, Html, both, label
from ganedit.ui.session import Photo
from ganedit.ui.strings import PARTS

UPSCALER = ModelCard("up", "enhance", "ESRGAN", (), "CC-BY-NC-4.0", False, scale=4)
TWINNED = ModelCard("two", "enhance", "Compact", (), "BSD-3-Clause", True, scale=4, twin="other")


# --------------------------------------------------------------------- strings


def test_both_languages_of_a_sentence_have_the_same_blanks() -> None:
    def blanks(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence)} - {None}

    assert not [key for key, (english, chinese) in STRINGS.items() if blanks(english) != blanks(chinese)]


def test_every_key_is_in_a_section_of_our_own_and_has_both_texts() -> None:
    assert all(key.startswith("ge.") and all(texts) for key, texts in STRINGS.items())


def test_no_tab_takes_the_key_of_another() -> None:
    keys = [key for part in PARTS for key in part.STRINGS]
    assert len(keys) == len(set(keys))


def test_every_key_used_in_the_page_is_in_the_table() -> None:
    sources = [path.read_text("utf-8") for path in Path(status.__file__).parent.glob("*.py")]
    used = {key for text in sources for key in re.findall(r'"(ge\.[a-z_]+\.[a-z_]+)"', text)}
    assert used and not used - STRINGS.keys()


def test_values_are_escaped_and_sentences_inside_sentences_are_not() -> None:
    assert "&lt;b&gt;" in both("ge.hint.fetch", id="<b>")
    assert "<b>" in both("ge.hint.fetch", id=Html("<b>"))


def test_an_unknown_label_is_refused_when_the_page_is_built() -> None:
    with pytest.raises(KeyError):
        label("ge.no.such")


# ---------------------------------------------------------------------- status


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0.1 s"), (1.84, "1.8 s"), (9.96, "10 s"), (59.2, "1 min 0 s"), (125, "2 min 5 s")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert f">{text}<" in status.time_text(seconds)


def test_progress_says_steps_seconds_and_share() -> None:
    line = status.progress_line(Progress(3, 12, 4.0, "upscale"))
    assert 'aria-valuenow="25"' in line and "3 of 12" in line and "4.0 s" in line


def test_progress_without_an_estimate_shows_none() -> None:
    line = status.progress_line(Progress(0, 12, None, "upscale"))
    assert "left" not in line and "tile" not in line
    assert "aria-valuenow" not in line and "moving" in line


def test_a_stage_that_the_table_does_not_know_is_still_shown() -> None:
    assert STRINGS["ge.stage.upscale"][0] in status.stage_line("something new")


def test_a_file_name_cannot_bring_html_into_the_page(tmp_path: Path) -> None:
    photo = Photo("t", tmp_path / "<img src=x onerror=alert(1)>.png", "x", "PNG", 4, 4, False, ("<i>note</i>",))
    card = status.photo_card(photo)
    assert "<img" not in card and "<i>note" not in card


def test_notes_are_said_once() -> None:
    picture = Picture(np.zeros((4, 4, 3), np.uint8))
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
    hint = hint_line(damaged, card, installed=installed)
    assert STRINGS[key][0].split("<")[0].split("{")[0] in hint


def test_the_hint_warns_of_a_licence_without_commercial_use() -> None:
    assert "commercial" in hint_line(True, UPSCALER, installed=True)
    assert "commercial" not in hint_line(True, TWINNED, installed=True)
