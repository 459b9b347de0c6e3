"""Attributes from strangers' JSON become a table and multi-hot rows; what is malformed is refused in one sentence."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganedit.errors import BadDataError, BadRequestError
from ganedit.models.conditions import entries_of, multi_hot, one_hot, text_condition
from ganedit.training.attributes import MAX_NAMES, MAX_VALUES, multi_hots, read_attributes, tabulate
from ganedit.training.data import Dataset, prepare


def data_of(tmp_path: Path, files: Mapping[str, object], pictures: str = "abc") -> Dataset:
    """Prepare a folder of small pictures and of files that hold JSON, or text as it is."""
    source = tmp_path / "in"
    source.mkdir(exist_ok=True)
    for number, name in enumerate(pictures):
        Image.new("RGB", (8, 8), (number * 40, 90, 200)).save(source / f"{name}.png")
    for name, content in files.items():
        (source / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return prepare(source, tmp_path / "cache", 8)


def lines(*entries: object) -> str:
    return "\n".join(map(json.dumps, entries))


def test_each_pair_of_name_and_value_is_one_entry() -> None:
    found = [{"hair": ("long",), "color": ("red",)}, {}, {"color": ("blue",), "wears": ("hat", "glasses")}]
    table, rows = tabulate(found)
    assert table == {"color": ["blue", "red"], "hair": ["long"], "wears": ["glasses", "hat"]}
    assert list(table) == ["color", "hair", "wears"] and rows == [[1, 2], [], [0, 3, 4]]
    vectors = multi_hots(rows, 5)
    assert vectors is not None and vectors.astype(int).tolist() == [[0, 1, 1, 0, 0], [0] * 5, [1, 0, 0, 1, 1]]


def test_the_order_of_pictures_does_not_change_the_table() -> None:
    found = [read_attributes({"b": each, "a": "x"}) for each in ("2", "10", "1")]
    assert tabulate(found)[0] == tabulate(found[::-1])[0] == {"a": ["x"], "b": ["1", "10", "2"]}


def test_numbers_truth_and_lists_are_values_and_null_says_nothing() -> None:
    found = read_attributes(
        {"age": 3, "smiles": True, "wears": ["hat", "hat", "scarf"], "none": None, " a  b ": "c\td"}
    )
    assert found == {"age": ("3",), "smiles": ("true",), "wears": ("hat", "scarf"), "a b": ("c d",)}


@pytest.mark.parametrize(
    "hostile",
    [
        ["long"],
        "long",
        {"hair": {"length": "long"}},
        {"hair": [["long"]]},
        {"hair": ""},
        {"": "long"},
        {"hair": "x" * 65},
        {"y" * 65: "long"},
        {"hair": "\ud800"},
        {"hair": "a\u202eb"},
        {"hair": "\x00"},
        {"hair": 10**80},
        {"hair": ["x"] * 17},
        {str(number): "x" for number in range(65)},
    ],
)
def test_what_is_malformed_too_long_or_too_much_is_refused(hostile: object) -> None:
    with pytest.raises(BadDataError) as caught:
        read_attributes(hostile)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize(("names", "values"), [(MAX_NAMES + 1, 1), (2, MAX_VALUES // 2 + 1)])
def test_too_many_names_or_values_of_all_pictures_are_refused(names: int, values: int) -> None:
    found = [{f"n{name}": (str(value),)} for name in range(names) for value in range(values)]
    with pytest.raises(BadDataError, match=f"{names} attributes with {names * values} values"):
        tabulate(found)


def test_attributes_come_from_a_list_or_from_files_beside_the_pictures(tmp_path: Path) -> None:
    listed = lines(
        {"file": "a.png", "attributes": {"hair": "long"}},
        {"file": "b.png", "attributes": {"hair": "short", "hat": True}},
        {"file": "a.png", "attributes": {"hair": "none"}},
        {"file": "missing.png", "attributes": {"hair": "long"}},
        {"file": "../in/c.png", "attributes": {"hair": "long"}},
        {"file": "c.png", "attributes": "long"},
        {"file": "c.png"},
        ["no", "object"],
    )
    beside = {"b.json": {"hair": "beside"}, "c.json": {"attributes": {"hat": False}}, "alone.json": {"hair": "long"}}
    data = data_of(tmp_path, {"attributes.jsonl": listed + "\nno json\n" + "[" * 100_000, **beside})
    assert data.attribute_values == {"hair": ("none", "short"), "hat": ("false", "true")}
    assert data.attributes is not None and data.attributes.dtype == bool
    assert data.attributes.astype(int).tolist() == [[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]]
    assert data.skipped.keys() == {"alone.json", "attributes.jsonl"}
    assert "7 of its lines" in data.skipped["attributes.jsonl"] and "line 4" in data.skipped["attributes.jsonl"]


def test_one_list_may_hold_both_captions_and_attributes(tmp_path: Path) -> None:
    listed = lines({"file": "a.png", "caption": "an a", "attributes": {"is": "a"}}, {"file": "b.png", "caption": "b"})
    data = data_of(tmp_path, {"captions.jsonl": listed})
    assert data.captions == ("an a", "b", "") and data.attribute_values == {"is": ("a",)}


@pytest.mark.parametrize("content", ["no json", "[1]", "[" * 10_000, '{"a": "' + "x" * 20_000 + '"}', "{"])
def test_a_bad_file_beside_a_picture_is_named_and_the_picture_kept(tmp_path: Path, content: str) -> None:
    data = data_of(tmp_path, {"a.json": content})
    assert len(data) == 3 and data.attributes is None and data.skipped.keys() == {"a.json"}


def test_attributes_that_are_too_many_are_left_out_and_this_is_told(tmp_path: Path) -> None:
    names = "abcdefgh"
    beside = {f"{n}.json": {f"k{key}": [f"{n}{i}" for i in range(16)] for key in range(5)} for n in names}
    data = data_of(tmp_path, beside, names)
    assert data.attributes is None and data.attribute_values == {}
    assert any("5 attributes with 640 values" in note for note in data.notes)


def test_attributes_are_part_of_the_digest_and_survive_the_cache(tmp_path: Path) -> None:
    plain = data_of(tmp_path, {})
    first = data_of(tmp_path, {"a.json": {"hair": "long"}})
    again = data_of(tmp_path, {})
    other = data_of(tmp_path, {"a.json": {"hair": "shor"}})
    assert len({plain.digest, first.digest, other.digest}) == 3 and again.digest == first.digest
    assert again.attributes is not None and again.attributes.tolist() == [[True], [False], [False]]


def test_a_chosen_attribute_is_the_entry_that_training_gave_it() -> None:
    table, rows = tabulate([{"hair": ("long",), "hat": ("top", "no")}, {"hair": ("short",)}])
    trained = multi_hots(rows, 4)
    assert trained is not None
    assert np.array_equal(multi_hot(table, {"hat": ["top", "no"], "hair": ["long"]}), trained[:1].astype(np.float32))
    assert multi_hot(table, {}).tolist() == [[0, 0, 0, 0]]
    assert list(entries_of(table)) == [("hair", "long"), ("hair", "short"), ("hat", "no"), ("hat", "top")]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [({"tail": ["long"]}, "no attribute tail, choose among hair"), ({"hair": ["blue"]}, "hair cannot be blue")],
)
def test_an_unknown_attribute_or_value_is_told_with_those_that_there_are(chosen: dict, told: str) -> None:
    with pytest.raises(BadRequestError, match=told):
        multi_hot({"hair": ["long", "short"]}, chosen)


def test_classes_are_one_hot_and_texts_have_a_mean_square_of_one() -> None:
    assert one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    vectors = np.random.default_rng(0).normal(size=(4, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled = text_condition(vectors)
    assert scaled.dtype == np.float32 and np.allclose(np.square(scaled).mean(axis=1), 1)
    assert np.allclose(scaled / np.linalg.norm(scaled, axis=1, keepdims=True), vectors)
