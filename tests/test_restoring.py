"""Training of an upscaler: what it starts from and learns of, and that a stumble or a break does no harm."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import BadCheckpointError, BadRecipeError
from ganedit.image import Picture
from ganedit.models.generators import PictureGenerator
from ganedit.models.registry import Registry
from ganedit.requests import Compute, EnhanceRequest
from ganedit.training import record
from ganedit.training.config import TrainConfig
from ganedit.training.data import Dataset, prepare
from ganedit.training.journal import read_stats
from ganedit.training.loop import train
from ganedit.training.processes import Processes
from ganedit.training.restoring import PATCH_PX, RestoreTrainer

SIDE = 256
SECTIONS = {
    "data": {"resolution": SIDE, "flip": True},
    "generator": {"arch": "span", "width": 4},
    "discriminator": {"arch": "projected"},
    "loss": {"name": "hinge", "gamma": 0, "r1": False, "r2": False, "pixels": 1.0, "perceptual": 0.1, "edges": 0.1},
    "optimizer": {"lr_g": 1e-3},
    "schedule": {"kimg": 0.002, "batch": 2, "tick_kimg": 0.002, "snapshot_kimg": 0.002, "ema_kimg": 0},
    "compute": {"precision": "float32", "threads": 1},
    "doctor": {"samples": 0},
}


def config(**changes: dict) -> TrainConfig:
    sections = {name: SECTIONS.get(name, {}) | changes.get(name, {}) for name in {*SECTIONS, *changes}}
    return TrainConfig.from_dict(sections)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restoring") / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        tiles = rng.integers(0, 256, (SIDE // 16, SIDE // 16, 3)).astype(np.uint8)
        Image.fromarray(tiles).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def dataset(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare(pictures, tmp_path_factory.mktemp("cache"), SIDE, 3)


def trainer(dataset: Dataset, **changes: dict) -> RestoreTrainer:
    return RestoreTrainer(config(**changes), dataset, Processes())


def weights(trainer: RestoreTrainer) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in trainer.generator.parameters()])


def test_it_comes_nearer_to_the_originals(dataset: Dataset) -> None:
    learner = trainer(dataset, loss={"copy_kimg": 1}, optimizer={"lr_g": 0.02})
    seen = []
    for step in range(5):
        images, indices = dataset.batch(0, 1, 0)
        seen.append(float(learner.step(images, indices, step)["pixels"]))
    assert seen[-1] < 0.8 * seen[0]


@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
def test_at_first_it_hears_nothing_of_the_discriminator(dataset: Dataset, loss: str) -> None:
    images, indices = dataset.batch(0, 1, 0)
    after = []
    for adversarial, copy_kimg in ((1.0, 1.0), (5.0, 1.0), (5.0, 0.0)):
        learner = trainer(dataset, loss={"name": loss, "adversarial": adversarial, "copy_kimg": copy_kimg})
        learner.step(images, indices, 0)
        after.append(weights(learner))
    assert torch.equal(after[0], after[1]) and not torch.equal(after[1], after[2])


def test_a_step_far_from_the_originals_counts_as_skipped(dataset: Dataset) -> None:
    learner = trainer(dataset)
    images, indices = dataset.batch(0, 1, 0)
    assert learner.step(images, indices, 0)["skipped"] == 0
    with torch.no_grad():
        learner.generator.get_parameter("upsampler.bias").add_(20)
    assert learner.step(images, indices, 2)["skipped"] == 1


def test_samples_are_enlarged_from_damage_that_is_always_the_same(dataset: Dataset) -> None:
    learner = trainer(dataset)
    start = learner.inputs(2)
    torch.manual_seed(5)
    assert torch.equal(start, learner.inputs(2)) and start.shape == (2, 3, PATCH_PX // 4, PATCH_PX // 4)
    shown = learner.sample(start, None)
    assert shown.shape == (2, 3, PATCH_PX, PATCH_PX)


def test_a_trainer_goes_on_from_a_state_as_if_nothing_had_happened(dataset: Dataset) -> None:
    straight, resumed = trainer(dataset), trainer(dataset)
    images, indices = dataset.batch(0, 1, 0)
    straight.step(images, indices, 0)
    resumed.load_state_dict(deepcopy(straight.state_dict()))
    for learner in (straight, resumed):
        learner.step(images, indices, 2)
    assert torch.equal(weights(straight), weights(resumed))
    assert straight.state_dict()["usual"] == resumed.state_dict()["usual"] > 0


@pytest.fixture(scope="module")
def run(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "_SHOWN", 4)
        train(config(), pictures, out / "upscaler")
    return out / "upscaler"


def test_a_run_writes_its_distances_and_a_grid_of_what_it_enlarges(run: Path) -> None:
    assert {"pixels", "perceptual"} <= read_stats(run)[-1].keys()
    with Image.open(run / "samples" / "000000002.png") as grid:
        assert grid.width >= 2 * PATCH_PX


def test_its_snapshot_is_a_model_of_enhance_that_shows_no_seams(run: Path, tmp_path: Path) -> None:
    snapshot = run / "snapshot-000000002.safetensors"
    engine = Engine(Registry((), weights=tmp_path / "weights", cache=tmp_path / "cache"))
    card = engine.registry.put(snapshot, "mine.safetensors")
    assert (card.task, card.scale, card.kind, card.arch) == ("enhance", 4, "gan", "span")
    assert card.trained_on.startswith("3 pictures") and engine.registry.cards("enhance") == [card]
    photo = Picture(np.random.default_rng(0).integers(0, 256, (70, 90, 3)).astype(np.uint8))
    [whole], [tiled] = (
        engine.run(EnhanceRequest(photo, "mine", compute=Compute("float32", tile_px))).images for tile_px in (128, 64)
    )
    assert whole.pixels.shape == (280, 360, 3)
    assert np.abs(whole.pixels.astype(int) - tiled.pixels).max() <= 1
    with pytest.raises(BadCheckpointError, match="use it in Enhance"):
        PictureGenerator.read(snapshot)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"resolution": 128}},
        {"data": {"condition": "class"}},
        {"discriminator": {"arch": "r3gan"}},
        {"loss": {"r1": True}},
        {"doctor": {"samples": 32}},
        {"augment": {"policy": ["color"]}},
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(changes: dict) -> None:
    with pytest.raises(BadRecipeError):
        config(**changes)


def test_a_start_is_for_upscalers_that_are_wide_enough() -> None:
    with pytest.raises(BadRecipeError, match="at least 48"):
        config(generator={"start": "span"})
    with pytest.raises(BadRecipeError, match="span alone"):
        TrainConfig.from_dict({"generator": {"start": "span"}})
