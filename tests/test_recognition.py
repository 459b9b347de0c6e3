"""The fixed classifier that tells G of its class, and the game in which D is not told."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.errors import BadRecipeError
from ganedit.training.config import TrainConfig
from ganedit.training.data import Dataset, prepare
from ganedit.training.processes import Processes
from ganedit.training.recognition import Recognizer
from ganedit.training.trainer import Trainer

SECTIONS = {
    "data": {"resolution": 16, "condition": "class", "flip": True},
    "generator": {"arch": "fastgan", "z_dim": 8, "widths": [16, 8, 8]},
    "discriminator": {"arch": "projected"},
    "loss": {"name": "hinge", "r1": False, "r2": False, "recognition": 1.0},
    "optimizer": {"lr_g": 3e-3},
    "schedule": {"kimg": 1, "batch": 8, "tick_kimg": 1, "snapshot_kimg": 1, "ema_kimg": 0},
    "compute": {"precision": "float32"},
}
COLORS = {"blue": (40, 60, 200), "red": (200, 60, 40)}


def changed(**loss: float) -> TrainConfig:
    return TrainConfig.from_dict(SECTIONS | {"loss": SECTIONS["loss"] | loss})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("recognition")
    for name, color in COLORS.items():
        (folder / "data" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (16, 16), color).save(folder / "data" / name / f"{number}.png")
    return prepare(folder / "data", folder / "cache", 16, 3)


def step(trainer: Trainer, dataset: Dataset, number: int) -> None:
    trainer.step(np.asarray(dataset.images), np.arange(len(dataset)), number * len(dataset))


def test_what_is_of_its_class_surprises_less_than_what_is_not() -> None:
    centers = torch.randn(3, 6, generator=torch.Generator().manual_seed(0)) * 5
    labels = torch.arange(300) % 3
    features = centers[labels] + torch.randn(300, 6, generator=torch.Generator().manual_seed(1))
    recognizer = Recognizer(6, 3)
    recognizer.fit(features, labels)
    right = recognizer.surprise(centers, torch.eye(3))
    wrong = recognizer.surprise(centers, torch.eye(3).roll(1, 0))
    assert right.shape == (3,) and right.max() < 0.2 < 1 < wrong.min()
    assert not any(parameter.requires_grad for parameter in recognizer.parameters())


def test_the_discriminator_is_not_told_the_class_and_the_generator_is(dataset: Dataset) -> None:
    trainer = Trainer(changed(), dataset, Processes())
    told: list[Any] = [network.config for network in (trainer.discriminator, trainer.generator)]
    assert [each["c_dim"] for each in told] == [0, 2]


def test_the_generator_learns_to_draw_the_class_that_is_asked_for(dataset: Dataset) -> None:
    trainer = Trainer(changed(adversarial=0.0), dataset, Processes())
    for number in range(30):
        step(trainer, dataset, number)
    assert trainer.recognizer is not None
    drawn = trainer.ema.module(torch.randn(8, 8), torch.eye(2).repeat(4, 1))
    guessed = trainer.recognizer(trainer.features(drawn)).argmax(dim=1)
    assert guessed.tolist() == [0, 1] * 4


def test_a_run_goes_on_with_the_classifier_it_had(dataset: Dataset) -> None:
    first, second = (Trainer(changed(), dataset, Processes()) for _ in range(2))
    step(first, dataset, 0)
    state = copy.deepcopy(first.state_dict())
    assert second.recognizer is not None
    second.recognizer.linear.weight.zero_()
    second.load_state_dict(state)
    for trainer in (first, second):
        step(trainer, dataset, 1)
    ours, theirs = first.state_dict()["generator"], second.state_dict()["generator"]
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize(
    "sections",
    [
        {"data": {"condition": "none"}},
        {"data": {"condition": "class", "withhold": 0.1}},
        {"discriminator": {"arch": "r3gan"}},
        {"data": {"condition": "class"}, "loss": {"recognition": 1.0, "pixels": 1.0}},
    ],
)
def test_a_recipe_in_which_it_makes_no_sense_is_refused(sections: dict) -> None:
    with pytest.raises(BadRecipeError, match=r"loss\.(recognition|pixels) "):
        TrainConfig.from_dict(SECTIONS | sections)
