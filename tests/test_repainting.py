"""Training of a painter: what it starts from, what it learns of, what must stay."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.errors import BadRecipeError
from ganedit.models.snapshots import read_snapshot
from ganedit.training.config import TrainConfig
from ganedit.training.data import Dataset, prepare, to_network
from ganedit.training.journal import read_stats
from ganedit.training.loop import train
from ganedit.training.processes import Processes
from ganedit.training.repainting import (
    RepaintTrainer,
    color_distance,
    content_distance,
    edge_distance,
    light_distance,
    split,
)

SECTIONS = {
    "data": {"resolution": 32, "condition": "class"},
    "generator": {"arch": "painter", "width": 4},
    "discriminator": {"arch": "projected"},
    "loss": {"name": "hinge", "gamma": 0, "r1": False, "r2": False, "content": 1.0, "light": 1.0, "edges": 1.0},
    "schedule": {"kimg": 0.024, "batch": 4, "tick_kimg": 0.008, "snapshot_kimg": 0.016, "ema_kimg": 0},
    "compute": {"precision": "float32", "threads": 1},
}
COLORS = {"gold": (220, 180, 40), "night": (20, 30, 90), "photos": (200, 60, 120)}


def config(**changes: dict) -> TrainConfig:
    sections = {name: SECTIONS.get(name, {}) | changes.get(name, {}) for name in {*SECTIONS, *changes}}
    return TrainConfig.from_dict(sections)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repainting") / "data"
    rng = np.random.default_rng(0)
    for name, color in COLORS.items():
        (folder / name).mkdir(parents=True)
        for number in range(6):
            values = np.clip(rng.normal(np.roll(color, number), 5, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(values).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def dataset(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare(pictures, tmp_path_factory.mktemp("cache"), 32, 3)


def photo(seed: int = 0) -> torch.Tensor:
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_the_photos_are_taken_out_of_the_styles(dataset: Dataset) -> None:
    styles, photos = split(dataset)
    assert styles.class_names == ("gold", "night") and len(styles) == 12
    assert styles.labels is not None and styles.labels.tolist() == [0] * 6 + [1] * 6
    assert len(photos) == 6 and all(name.startswith("photos/") for name in photos.names)


def test_without_photos_one_sentence_says_what_is_missing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "data" / name).mkdir(parents=True)
        Image.new("RGB", (32, 32)).save(tmp_path / "data" / name / "a.png")
    with pytest.raises(BadRecipeError, match="needs a sub-folder photos"):
        split(prepare(tmp_path / "data", tmp_path / "cache", 32, 3))


@pytest.mark.parametrize("distance", [light_distance, color_distance, edge_distance])
def test_distances_are_zero_for_the_photo_itself_and_grow_with_the_change(distance) -> None:
    x = photo()
    nothing, little, much = (distance(x + amount * photo(1), x) for amount in (0.0, 0.1, 0.5))
    assert nothing.shape == (2,) and nothing.abs().max() == 0
    assert (little > 0).all() and (little < much).all()


def test_light_and_edges_do_not_mind_a_change_of_color_alone() -> None:
    x = torch.full((1, 3, 32, 32), 0.1)
    tinted = x + torch.tensor([0.587, -0.299, 0.0])[:, None, None]  # as bright as before
    assert light_distance(tinted, x).item() == pytest.approx(0, abs=1e-6)
    assert edge_distance(tinted, x).item() == pytest.approx(0, abs=1e-6)
    assert color_distance(tinted, x).item() == pytest.approx((0.587**2 + 0.299**2) / 3, abs=1e-6)


def test_a_pattern_counts_more_where_the_photo_is_even() -> None:
    chance = torch.Generator().manual_seed(3)
    even, busy = torch.zeros(1, 3, 64, 64), torch.rand(1, 3, 64, 64, generator=chance)
    pattern = 0.05 * (-1.0) ** torch.arange(64)
    weights = [edge_distance(x + pattern, x).item() / 0.1 for x in (even, busy)]
    assert weights[0] == pytest.approx(10 / 2, rel=1e-3)  # half of the slopes are downwards, where nothing changed
    assert weights[1] == pytest.approx(1 / 2, rel=0.05)


def test_content_is_compared_by_direction_and_only_in_the_middle_levels() -> None:
    maps = [torch.rand(2, 4, 8, 8), torch.rand(2, 4, 4, 4), torch.rand(2, 4, 2, 2), torch.rand(2, 4, 1, 1)]
    stronger = [torch.rand(2, 4, 8, 8), 3 * maps[1], 3 * maps[2], torch.rand(2, 4, 1, 1)]
    assert content_distance(stronger, maps).abs().max() < 1e-5
    assert (content_distance([-each for each in maps], maps) - 2).abs().max() < 1e-5


def test_at_first_it_only_learns_to_copy(dataset: Dataset) -> None:
    falling = {"lr_g": 1e-3, "beta1": 0.9, "lr_end": 0.0}
    copying = config(loss={"copy_kimg": 1.0}, optimizer=falling, schedule={"kimg": 0.48})
    trainer = RepaintTrainer(copying, dataset, Processes())
    photos = trainer.inputs(4)
    told = torch.eye(2)[[0, 1, 0, 1]]

    def apart() -> float:
        with torch.no_grad():
            return float((trainer.generator(photos, told) - photos).abs().mean())

    before = apart()
    for number in range(120):
        trainer.step(np.asarray(trainer.dataset.images[:4]), np.arange(4), 4 * number)
    assert apart() < 0.6 * before


def test_samples_show_each_photo_once_a_style(dataset: Dataset) -> None:
    trainer = RepaintTrainer(config(), dataset, Processes())
    shown = trainer.inputs(6)
    assert torch.equal(shown[0], shown[1]) and not torch.equal(shown[1], shown[2])
    assert torch.equal(shown[:1], to_network(np.array(dataset.images[12:13])))


def test_a_run_resumes_bit_for_bit_and_its_snapshot_names_the_styles(pictures: Path, tmp_path: Path) -> None:
    train(config(), pictures, tmp_path / "straight")
    steps = iter(range(100))
    train(config(), pictures, tmp_path / "broken", should_stop=lambda: next(steps) >= 3)
    train(config(), pictures, tmp_path / "broken", resume=True)
    ends = [read_stats(tmp_path / run)[-1] for run in ("straight", "broken")]
    assert ends[0]["kimg"] == 0.024 and ends[0]["loss_g"] == ends[1]["loss_g"]
    snapshot = read_snapshot(sorted((tmp_path / "straight").glob("snapshot-*"))[-1])
    assert snapshot.facts["class_names"] == ["gold", "night"] and snapshot.arch == "painter"


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("discriminator", {"arch": "r3gan"}),
        ("augment", {"policy": ["color"]}),
        ("loss", {"pixels": 1.0}),
        ("data", {"condition": "text"}),
    ],
)
def test_a_recipe_that_does_not_go_with_a_painter_is_refused(section: str, change: dict) -> None:
    with pytest.raises(BadRecipeError, match="painter needs"):
        TrainConfig.from_dict(SECTIONS | {section: SECTIONS.get(section, {}) | change})


def test_losses_of_a_painter_are_for_painters_alone() -> None:
    with pytest.raises(BadRecipeError, match="painter alone"):
        TrainConfig.from_dict({"loss": {"content": 1.0}})
