"""What came from outside is cut before it goes into a sentence or a log."""

import pytest

from ganedit.errors import BadRequestError, UserError, cut
from ganedit.models.registry import Registry
from ganedit.ui.i18n import Html, both


def test_a_long_value_keeps_how_it_begins_and_ends() -> None:
    assert cut("short") == "short"
    assert cut(12) == "12"
    assert len(cut("a" * 100_000)) == 200
    assert cut("begin" + "x" * 1000 + "end", 20).startswith("begin")
    assert cut("begin" + "x" * 1000 + "end", 20).endswith("end")


@pytest.mark.parametrize("value", ["a" * 1_000_000, "a b " * 250_000, "好" * 10_000, "a\n" * 10_000])
def test_no_sentence_of_an_error_carries_a_long_value_whole(value: str) -> None:
    told = str(UserError(f"There is no {value}; choose another."))
    assert len(told) <= 800
    assert all(len(word) <= 200 for word in told.split())
    assert told.startswith("There is no ") and told.endswith("; choose another.")


def test_a_sentence_of_usual_length_and_html_stay_as_they_are() -> None:
    sentence = "The picture is damaged or cut off, get a fresh copy of the file."
    assert str(BadRequestError(sentence)) == sentence
    page = Html("<b>" + "x" * 5000 + "</b>")
    assert UserError(page).args[0] is page


def test_a_value_in_a_sentence_of_the_page_is_cut_before_it_becomes_html() -> None:
    told = both("ge.hint.fetch", id="<" * 100_000)
    assert told.count("&lt;") <= 400  # 200 in each language
    assert "<b>&lt;" in told


def test_a_models_name_of_any_length_comes_back_short() -> None:
    with pytest.raises(UserError) as caught:
        Registry().get("a" * 100_000)
    assert len(str(caught.value)) < 300
    assert "models list" in str(caught.value)
