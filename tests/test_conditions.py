"""What the networks are told: the right vector for the right picture, encoded once, the same after a resume."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from ganedit.errors import BadDataError, BadRecipeError
from ganedit.models.conditions import multi_hot, text_condition
from ganedit.models.snapshots import read_facts, read_snapshot
from ganedit.models.text import ENCODER_SHA256
from ganedit.training import conditions
from ganedit.training.conditions import Conditions, Kind
from ganedit.training.config import TrainConfig
from ganedit.training.data import Dataset, prepare
from ganedit.training.journal import read_stats
from ganedit.training.loop import train

KINDS: list[Kind] = ["none", "class", "text", "attributes"]
CAPTIONS = {
    "dark/0": "a dark one",
    "dark/1": "a dark one\nblack noise",
    "light/0": "a bright one",
    "light/1": "snow\na bright one\na white one",
}


class HashEncoder:
    """Stands for the real one: a vector of length 1 that only the text decides."""

    length = 384

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        rows = [np.random.default_rng(seed).normal(size=self.length) for seed in seeds]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32).reshape(-1, self.length)


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> HashEncoder:
    fake = HashEncoder()
    monkeypatch.setattr(conditions, "load_text_encoder", lambda: fake)
    return fake


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of five pictures of noise; the last of each class has neither caption nor attributes."""
    rng = np.random.default_rng(0)
    for kind in ("dark", "light"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for number in range(5):
            values = rng.integers(0, 120, (8, 8, 3)) + (130 if kind == "light" else 0)
            Image.fromarray(values.astype(np.uint8)).save(tmp_path / "data" / kind / f"{number}.png")
    for name, text in CAPTIONS.items():
        (tmp_path / "data" / f"{name}.txt").write_text(text, encoding="utf-8")
    lines = [
        {"file": f"{kind}/{number}.png", "attributes": {"tone": kind, "number": number, "even": number % 2 == 0}}
        for kind in ("dark", "light")
        for number in range(4)
    ]
    (tmp_path / "data" / "attributes.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return tmp_path / "data"


@pytest.fixture
def dataset(pictures: Path, tmp_path: Path) -> Dataset:
    return prepare(pictures, tmp_path / "cache", 8)


def told(made: Conditions, indices: Sequence[int], seed: int = 0) -> np.ndarray:
    found = made.of(np.array(indices, np.int64), seed)
    assert found is not None and found.dtype == np.float32 and found.shape == (len(indices), made.c_dim)
    return found


def vector(text: str) -> np.ndarray:
    return text_condition(HashEncoder().encode([text]))[0]


def test_nothing_is_told_without_a_condition(dataset: Dataset) -> None:
    made = Conditions("none", dataset)
    assert made.c_dim == 0 and made.of(np.arange(3)) is None and made.samples(36) == (None, ())


def test_classes_are_one_hot_and_shown_in_turn(dataset: Dataset) -> None:
    made = Conditions("class", dataset)
    assert told(made, [0, 9, 4]).tolist() == [[1, 0], [0, 1], [1, 0]]
    shown, words = made.samples(5)
    assert shown is not None and shown[:, 1].tolist() == [0, 1, 0, 1, 0]
    assert words == ("dark", "light", "dark", "light", "dark")


def test_attributes_are_multi_hot_and_open_where_a_picture_has_none(dataset: Dataset) -> None:
    made = Conditions("attributes", dataset)
    table = made.facts["attributes"]
    assert table == {"even": ["false", "true"], "number": ["0", "1", "2", "3"], "tone": ["dark", "light"]}
    wanted = multi_hot(table, {"even": ["false"], "number": ["3"], "tone": ["light"]})
    assert np.array_equal(told(made, [8]), wanted) and not told(made, [4, 9]).any()


def test_a_caption_is_its_vector_with_a_mean_square_of_one(dataset: Dataset) -> None:
    made = Conditions("text", dataset)
    found = told(made, [0, 5, 9])
    for row, text in zip(found, ("a dark one", "a bright one", ""), strict=True):
        assert np.allclose(row, vector(text), atol=1e-6) and np.square(row).mean() == pytest.approx(1, abs=1e-4)


def test_captions_of_one_picture_add_up_and_a_list_overrules_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in "abc":
        Image.new("RGB", (8, 8), "red").save(tmp_path / "in" / f"{name}.png")
        (tmp_path / "in" / f"{name}.txt").write_text("  beside \n\n me\r\n", encoding="utf-8")
    lines = [
        {"file": "a.png", "caption": "one  of\nthem"},
        {"file": "a.png", "caption": ["two", " ", "three"]},
        {"file": "a.png", "caption": ["x"] * 30},
        {"file": "b.png", "caption": ["x"] * 33},
        {"file": "b.png", "caption": ["x", 1]},
        {"file": "b.png", "caption": None},
        {"file": "b.png", "caption": "x" * 20_000},
    ]
    (tmp_path / "in" / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    (tmp_path / "in" / "c.txt").write_text("x\n" * 33, encoding="utf-8")
    data = prepare(tmp_path / "in", tmp_path / "cache", 8)
    assert data.captions == ("one of them\ntwo\nthree", "beside\nme", "")
    assert "5 of its lines" in data.skipped["captions.jsonl"] and "at most 32" in data.skipped["c.txt"]


def test_several_captions_take_turns_by_the_seed_alone(dataset: Dataset) -> None:
    made = Conditions("text", dataset)
    lines = CAPTIONS["light/1"].split("\n")
    counts = dict.fromkeys(lines, 0)
    for seed in range(300):
        among = told(made, [2, 6, 0], seed)
        assert np.array_equal(among[1], told(made, [6], seed)[0])  # whatever its neighbors, and again and again
        assert np.array_equal(among[2], told(made, [0], 0)[0])
        counts[min(lines, key=lambda text: float(np.abs(vector(text) - among[1]).max()))] += 1
    assert all(70 < count < 130 for count in counts.values())


def test_texts_are_encoded_once_each_and_kept_with_the_data(dataset: Dataset, encoder: HashEncoder) -> None:
    first = told(Conditions("text", dataset), range(10))
    assert sorted(encoder.seen) == sorted({"", *"\n".join(CAPTIONS.values()).split("\n")})
    assert np.array_equal(told(Conditions("text", dataset), range(10)), first) and len(encoder.seen) == 6
    (kept,) = dataset.folder.glob("captions-*.npy")
    assert ENCODER_SHA256.startswith(kept.stem.removeprefix("captions-"))
    assert {path.name for path in dataset.folder.iterdir()} == {"index.json", "pixels.npy", kept.name}


@pytest.mark.parametrize("damage", [b"", b"no array", None])
def test_vectors_that_were_damaged_are_made_anew(dataset: Dataset, encoder: HashEncoder, damage: bytes | None) -> None:
    first = told(Conditions("text", dataset), range(10))
    (kept,) = dataset.folder.glob("captions-*.npy")
    kept.write_bytes(kept.read_bytes()[:-100] if damage is None else damage)
    assert np.array_equal(told(Conditions("text", dataset), range(10)), first) and len(encoder.seen) == 12


def test_a_full_disk_is_one_sentence(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(conditions, "_write", full)
    with pytest.raises(BadDataError, match="No space left on device"):
        Conditions("text", dataset)
    assert {path.name for path in dataset.folder.iterdir()} == {"index.json", "pixels.npy"}


def test_samples_are_spread_over_the_data(dataset: Dataset) -> None:
    shown, words = Conditions("text", dataset).samples(4)
    assert words == ("a dark one", "", "snow", "") and shown is not None
    assert np.allclose(shown, [vector(word) for word in words], atol=1e-6)
    shown, words = Conditions("attributes", dataset).samples(2)
    assert words == ("even: true, number: 0, tone: dark", "") and shown is not None and shown.sum() == 3
    assert all(len(Conditions(kind, dataset).samples(36)[1]) == 36 for kind in KINDS[1:])


@pytest.mark.parametrize(
    ("kind", "needed"), [("class", "sub-folders"), ("text", "captions.jsonl"), ("attributes", "attributes.jsonl")]
)
def test_data_without_what_the_recipe_wants_are_one_sentence(tmp_path: Path, kind: Kind, needed: str) -> None:
    (tmp_path / "plain").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "plain" / "a.png")
    with pytest.raises(BadRecipeError, match=f"data.condition = {kind} needs .*{needed}"):
        Conditions(kind, prepare(tmp_path / "plain", tmp_path / "cache", 8))


def test_the_sentence_about_too_many_attributes_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(33):
        Image.new("RGB", (8, 8)).save(tmp_path / "many" / f"{number}.png")
        values = {"id": [f"{number}-{each}" for each in range(16)]}
        (tmp_path / "many" / f"{number}.json").write_text(json.dumps(values))
    with pytest.raises(BadRecipeError, match="1 attributes with 528 values"):
        Conditions("attributes", prepare(tmp_path / "many", tmp_path / "cache", 8))


# Whole runs


def recipe(kind: Kind, **changes: dict) -> TrainConfig:
    tables = {
        "data": {"resolution": 8, "condition": kind},
        "generator": {"arch": "r3gan", "z_dim": 8, "width": 8},
        "discriminator": {"arch": "r3gan", "width": 8},
        "schedule": {"kimg": 0.048, "batch": 4, "tick_kimg": 0.008, "snapshot_kimg": 0.016, "ema_kimg": 0.02},
        "compute": {"precision": "float32", "threads": 1},
    }
    return TrainConfig.from_dict({name: tables.get(name, {}) | changes.get(name, {}) for name in {*tables, *changes}})


def last(out: Path) -> Path:
    return sorted(out.glob("snapshot-*.safetensors"))[-1]


@pytest.mark.parametrize("kind", ["text", "attributes"])
def test_a_conditioned_run_that_is_resumed_is_bit_for_bit_the_straight_one(
    pictures: Path, tmp_path: Path, kind: Kind, encoder: HashEncoder
) -> None:
    train(recipe(kind), pictures, tmp_path / "straight")
    steps = iter(range(100))
    train(recipe(kind), pictures, tmp_path / "broken", should_stop=lambda: next(steps) >= 7)
    assert read_stats(tmp_path / "broken")[-1]["kimg"] < 0.048
    encoder.seen.clear()
    train(recipe(kind), pictures, tmp_path / "broken", resume=True)
    assert not encoder.seen
    mine, theirs = load_file(last(tmp_path / "straight")), load_file(last(tmp_path / "broken"))
    assert mine.keys() == theirs.keys() and all(torch.equal(mine[key], theirs[key]) for key in mine)


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_says_what_its_generator_can_be_told(pictures: Path, tmp_path: Path, kind: Kind) -> None:
    schedule = {"kimg": 0.004, "batch": 4, "tick_kimg": 0.004, "snapshot_kimg": 0.004}
    train(recipe(kind, schedule=schedule), pictures, tmp_path / "run")
    snapshot = read_snapshot(last(tmp_path / "run"))
    facts, said = snapshot.facts, tmp_path / "run" / "samples" / "conditions.txt"
    assert facts["condition"] == kind
    assert facts["class_names"] == (["dark", "light"] if kind == "class" else [])
    assert list(facts["attributes"]) == (["even", "number", "tone"] if kind == "attributes" else [])
    wanted = {"name": "all-MiniLM-L6-v2", "sha256": ENCODER_SHA256}
    assert facts["text_encoder"] == (wanted if kind == "text" else None)
    match kind:
        case "none":
            condition = None
        case "class":
            condition = torch.eye(2)[:1]
        case "text":
            condition = torch.from_numpy(vector("something else")[None])
        case "attributes":
            condition = torch.from_numpy(multi_hot(facts["attributes"], {"tone": ["dark"]}))
    assert snapshot.generator(torch.zeros(1, 8), condition).shape == (1, 3, 8, 8)
    assert len(said.read_text("utf-8").splitlines()) == 36 if kind != "none" else not said.exists()


@pytest.mark.parametrize("arch", ["fastgan", "dcgan", "r3gan"])
def test_every_generator_and_discriminator_takes_a_text(pictures: Path, tmp_path: Path, arch: str) -> None:
    judge = "dcgan" if arch == "dcgan" else "r3gan"
    changes = {
        "data": {"resolution": 16},
        "generator": {"arch": arch, "widths": [8, 8, 8] if arch == "fastgan" else []},
        "discriminator": {"arch": judge},
        "schedule": {"kimg": 0.008, "batch": 4, "tick_kimg": 0.004, "snapshot_kimg": 0.008},
    }
    train(recipe("text", **changes), pictures, tmp_path / "run")
    assert read_facts(last(tmp_path / "run"))["config"]["c_dim"] == 384
