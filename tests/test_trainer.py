"""What a step trains on: conditions that are withheld, and the picture that a condition belongs to."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.training.config import TrainConfig
from ganedit.training.data import Dataset, prepare
from ganedit.training.processes import Processes
from ganedit.training.trainer import Trainer

COLORS = {"blue": (40, 60, 200), "red": (200, 60, 40)}
SECTIONS = {
    "data": {"resolution": 8, "condition": "class"},
    "generator": {"arch": "r3gan", "z_dim": 8, "width": 8},
    "discriminator": {"arch": "r3gan", "width": 8},
    "schedule": {"kimg": 1, "batch": 8, "tick_kimg": 1, "snapshot_kimg": 1, "ema_kimg": 0},
    "compute": {"precision": "float32", "threads": 1},
}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    for name, color in COLORS.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (8, 8), color).save(tmp_path / "data" / name / f"{number}.png")
    return prepare(tmp_path / "data", tmp_path / "cache", 8, 3)


def trained(dataset: Dataset, steps: int, **changes: dict) -> Trainer:
    sections = {name: SECTIONS.get(name, {}) | changes.get(name, {}) for name in {*SECTIONS, *changes}}
    trainer = Trainer(TrainConfig.from_dict(sections), dataset, Processes())
    indices = np.arange(len(dataset))
    for step in range(steps):
        trainer.step(np.asarray(dataset.images), indices, step * len(indices))
    return trainer


@pytest.mark.parametrize(("withheld", "learns"), [(0.0, True), (1.0, False)])
def test_nothing_is_learned_of_conditions_that_are_withheld(dataset: Dataset, withheld: float, learns: bool) -> None:
    data = {"data": {"withhold": withheld}}
    before, after = (trained(dataset, steps, **data) for steps in (0, 3))
    weights = [trainer.generator.get_parameter("latent.embedding.weight") for trainer in (before, after)]
    assert torch.equal(weights[0], weights[1]) is not learns
    body = [trainer.generator.get_parameter("amounts.weight") for trainer in (before, after)]
    assert not torch.equal(body[0], body[1])


def test_conditions_come_in_bit_by_bit(dataset: Dataset) -> None:
    early = {"data": {"withhold": 0.0, "withhold_kimg": 1000}}
    before, after = (trained(dataset, steps, **early) for steps in (0, 3))
    name = "latent.embedding.weight"
    assert torch.equal(before.generator.get_parameter(name), after.generator.get_parameter(name))


def test_a_generator_that_is_shown_the_answer_learns_it(dataset: Dataset) -> None:
    trainer = trained(
        dataset,
        150,
        loss={"name": "hinge", "r1": False, "r2": False, "adversarial": 0.0, "pixels": 10.0},
        optimizer={"lr_g": 3e-3},
    )
    with torch.no_grad():
        drawn = trainer.ema.module(torch.randn(2, 8), torch.eye(2))
    for picture, color in zip((drawn + 1) * 127.5, COLORS.values(), strict=True):
        assert (picture.mean(dim=(1, 2)) - torch.tensor(color)).abs().max() < 25
