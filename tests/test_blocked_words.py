"""Words that a public demo refuses to draw."""

import pytest

from ganedit.engine import Engine
from ganedit.errors import BadRequestError, UnknownModelError
from ganedit.models.registry import Registry
from ganedit.requests import GenerateRequest, Told
from ganedit.tasks.blocked_words import check_words


@pytest.mark.parametrize(
    "text",
    ["a nude person", "NUDE", "ｎｕｄｅ", "nüde", "nu\u200bde", "nude,", "a_nude_person", "一个裸体的人"],
)
def test_a_blocked_word_is_found_however_it_is_written(text):
    with pytest.raises(BadRequestError, match="say it in other words"):
        check_words(text)


@pytest.mark.parametrize("text", ["", "a denuded hill", "Essex in the rain", "grape juice", "海边的日落"])
def test_words_that_only_contain_a_blocked_one_are_drawn(text):
    check_words(text)


def test_the_engine_of_a_public_demo_refuses_before_it_looks_for_the_model(tmp_path):
    registry = Registry([], weights=tmp_path, cache=tmp_path)
    request = GenerateRequest("nothing", told=Told(text="a nude person"))
    with pytest.raises(BadRequestError, match="nude"):
        next(iter(Engine(registry, blocks_words=True).stream(request)))
    with pytest.raises(UnknownModelError):
        next(iter(Engine(registry).stream(request)))
