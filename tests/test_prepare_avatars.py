"""Avatars for training: their attributes say all that differs, nothing that is hidden, and no avatar is there twice."""

import json
from itertools import islice
from random import Random

import numpy as np
import pytest

from ganedit.training.attributes import MAX_NAMES, MAX_VALUES
from ganedit.training.data import prepare
from tools import prepare_avatars as avatars

SIZE_PX = 32


@pytest.fixture(scope="module")
def styles():
    return avatars.load_styles()[0]


def of_style(style, count, seed=0):
    return list(islice((one for one in avatars.different(Random(seed)) if one["style"] == style), count))


def pixels(attributes, styles, size_px=SIZE_PX):
    return np.asarray(avatars.paint(attributes, styles, size_px), np.float32)


def one_changed(attributes):
    """Every avatar that differs in one value, with the name of the attribute."""
    for name, values in avatars.STYLES[attributes["style"]].items():
        for value in values:
            if name in attributes and value != attributes[name]:
                yield name, attributes | {name: value}


@pytest.mark.parametrize("style", avatars.STYLES)
def test_every_value_of_a_stated_attribute_looks_different(styles, style):
    (attributes,) = of_style(style, 1)
    own = pixels(attributes, styles)
    for name, other in one_changed(attributes):
        assert np.abs(pixels(other, styles) - own).max() > 16, (name, other[name])


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [({"glasses": "sunglasses"}, {"eyes"}), ({"hat": "cap", "beard": "none"}, {"hair", "hair color"})],
)
def test_what_is_not_stated_cannot_be_seen(styles, shown, hidden):
    plain = dict.fromkeys(("glasses", "hat", "beard"), "none")
    bare = next(one for one in of_style("personas", 200) if one | plain == one)
    stated = avatars.visible(bare | shown)
    assert bare.keys() - stated.keys() == hidden
    told = pixels(stated, styles)
    for name in hidden:
        for value in avatars.STYLES["personas"][name]:
            assert np.array_equal(pixels(bare | shown | {name: value}, styles), told)


def test_the_color_of_hair_under_a_hat_is_stated_where_a_beard_shows_it():
    (bare,) = of_style("micah", 1)
    personas = bare | {"style": "personas", "hat": "cap", "beard": "goatee", "glasses": "none"}
    assert "hair color" in avatars.visible(personas)
    assert "hair" not in avatars.visible(personas)


@pytest.mark.parametrize("style", avatars.STYLES)
def test_the_picture_depends_on_nothing_but_the_attributes(styles, style, monkeypatch):
    several = of_style(style, 4)
    before = [pixels(one, styles) for one in several]
    options_of = avatars.options_of
    monkeypatch.setattr(avatars, "options_of", lambda attributes: options_of(attributes) | {"seed": "another"})
    assert all(np.array_equal(pixels(one, styles), old) for one, old in zip(several, before, strict=True))


def test_no_avatar_is_drawn_twice_and_the_same_seed_draws_the_same():
    drawn = list(islice(avatars.different(Random(1)), 3000))
    assert len({json.dumps(one, sort_keys=True) for one in drawn}) == 3000
    assert drawn[:50] == list(islice(avatars.different(Random(1)), 50))


def test_a_third_to_half_of_the_faces_have_what_a_face_can_do_without():
    drawn = list(islice(avatars.different(Random(2)), 3000))
    for name in ("beard", "earrings", "glasses", "hat"):
        values = [one[name] for one in drawn if name in one]
        assert 0.33 < sum(value != "none" for value in values) / len(values) < 0.5, name


def test_training_reads_pictures_attributes_and_license(tmp_path):
    avatars.write(tmp_path / "in", islice(avatars.different(Random(3)), 12), SIZE_PX)
    data = prepare(tmp_path / "in", tmp_path / "cache", SIZE_PX)
    assert len(data) == 12 and data.resolution == SIZE_PX and not data.skipped and not data.notes
    assert data.attributes is not None and data.attributes.any(1).all()
    assert data.license is not None and "Micah Lanier" in data.license


def test_all_values_fit_into_the_table_of_a_data_set():
    values = {(name, value) for parts in avatars.STYLES.values() for name, found in parts.items() for value in found}
    assert len({name for name, _ in values}) < MAX_NAMES and len(values) + len(avatars.STYLES) < MAX_VALUES


def test_a_style_that_asks_for_more_than_its_author_s_name_is_refused(monkeypatch):
    monkeypatch.setattr(avatars, "STYLES", {"avataaars": {}})
    with pytest.raises(ValueError, match="avataaars"):
        avatars.load_styles()
