"""The memory of training pictures that captions open."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.errors import BadRecipeError
from ganedit.models.archs.fastgan import Generator
from ganedit.models.archs.memory import Memory
from ganedit.models.generators import PictureGenerator
from ganedit.models.snapshots import Snapshot
from ganedit.requests import GenerateRequest, Told
from ganedit.tasks.generate import generate
from ganedit.training.config import TrainConfig
from ganedit.training.data import prepare
from ganedit.training.processes import Processes
from ganedit.training.remembering import visual_codes
from ganedit.training.trainer import Trainer


def filled(entries: int = 5) -> tuple[Memory, torch.Tensor, torch.Tensor]:
    texts = torch.randn(entries, 32, generator=torch.Generator().manual_seed(0))
    codes = torch.randn(entries, 6, generator=torch.Generator().manual_seed(1))
    memory = Memory(32, entries, 6)
    memory.fill(texts, codes)
    return memory, texts, codes


def test_what_a_picture_is_called_gives_its_code() -> None:
    memory, texts, codes = filled()
    assert torch.allclose(memory(texts), codes, atol=0.01)


def test_a_text_between_two_gives_a_code_between_theirs() -> None:
    memory, texts, codes = filled()
    centered = torch.nn.functional.normalize(texts - texts.mean(dim=0), dim=1)
    between = memory((centered[:1] + centered[1:2]) + texts.mean(dim=0))
    assert torch.allclose(between[0], (codes[0] + codes[1]) / 2, atol=0.05)


def test_half_precision_does_not_blur_which_picture_is_meant() -> None:
    memory, texts, codes = filled()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(memory(texts), codes, atol=0.01)


def test_pictures_that_look_alike_start_with_codes_that_are_alike(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number, color in enumerate(((250, 20, 20), (230, 30, 10), (10, 20, 240), (20, 30, 220))):
        Image.new("RGB", (16, 16), color).save(tmp_path / "data" / f"{number}.png")
    dataset = prepare(tmp_path / "data", tmp_path / "cache", 16, 3)
    codes = visual_codes(dataset, lambda x: x.mean(dim=(2, 3)), 8, torch.device("cpu"))
    assert codes.shape == (4, 8) and codes[:, 4:].abs().max() == 0  # four pictures differ in at most four directions
    assert torch.dist(codes[0], codes[1]) < 0.2 * torch.dist(codes[0], codes[2])


def test_a_generator_with_a_memory_knows_its_pictures_apart_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = {"fox": 0, "dog": 1, "tree": 2}

    class Encoder:
        length = 8

        def encode(self, texts: list[str]) -> np.ndarray:
            return np.eye(8, dtype=np.float32)[[vectors[text] for text in texts]]

    monkeypatch.setattr("ganedit.training.conditions.load_text_encoder", Encoder)
    (tmp_path / "data").mkdir()
    for number, name in enumerate(vectors):
        Image.new("RGB", (16, 16), (80 * number, 40, 200 - 90 * number)).save(tmp_path / "data" / f"{name}.png")
    lines = [json.dumps({"file": f"{name}.png", "caption": name}) for name in vectors]
    (tmp_path / "data" / "captions.jsonl").write_text("\n".join(lines))
    config = TrainConfig.from_dict(
        {
            "data": {"resolution": 16, "condition": "text"},
            "generator": {"arch": "fastgan", "z_dim": 4, "widths": [16, 8, 8], "memory": 6},
            "discriminator": {"arch": "r3gan", "width": 8},
            "compute": {"precision": "float32"},
        }
    )
    dataset = prepare(tmp_path / "data", tmp_path / "cache", 16, 3)
    trainer = Trainer(config, dataset, Processes())
    memory = trainer.generator.get_submodule("latent.embedding")
    called = memory(trainer.condition(np.arange(3)))
    assert torch.allclose(called, memory.get_parameter("codes"), atol=0.01)
    assert torch.cdist(called, called).fill_diagonal_(9).min() > 0.1


@pytest.mark.parametrize("sections", [{"generator": {"arch": "fastgan", "memory": 8}}, {"generator": {"memory": 8}}])
def test_a_memory_needs_words_and_fastgan(sections: dict) -> None:
    with pytest.raises(BadRecipeError, match=r"generator\.memory needs"):
        TrainConfig.from_dict(sections)


def test_several_pictures_of_one_name_are_told_to_be_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Generator(4, 16, c_dim=8, widths=[8, 8, 8], memory=3).eval().requires_grad_(False)
    generator = PictureGenerator(Snapshot(network, "fastgan", network.config, {"condition": "text"}))
    monkeypatch.setattr("ganedit.tasks.telling._encoded", lambda text: (np.ones((1, 8), np.float32), ()))

    def notes(count: int) -> tuple[str, ...]:
        run = generate(GenerateRequest("things", count=count, told=Told(text="fox")), generator)
        while True:
            try:
                next(run)
            except StopIteration as end:
                return end.value[1]

    assert notes(1) == ()
    assert "learned one picture for each name" in notes(2)[0]
