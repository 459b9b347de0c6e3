"""Painters in use: their styles, mixtures, and that tiles of a picture agree."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganedit.engine import Engine
from ganedit.errors import BadCheckpointError, BadRequestError
from ganedit.image import Picture
from ganedit.models.archs.fastgan import Generator
from ganedit.models.archs.painter import REACH_PX, Painter
from ganedit.models.generators import PictureGenerator
from ganedit.models.painters import StylePainter
from ganedit.models.registry import Registry
from ganedit.models.snapshots import write_snapshot
from ganedit.requests import StylizeRequest
from ganedit.tasks import stylize as painting
from ganedit.wording import parse_shares

STYLES = ["gold", "ink", "night"]


def network(c_dim: int = 3) -> Painter:
    torch.manual_seed(0)
    made = Painter(c_dim, width=8)
    for name, parameter in made.named_parameters():
        if name.endswith("style.weight"):
            torch.nn.init.normal_(parameter, std=0.1)
    return made


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("painters")
    write_snapshot(folder / "mine.safetensors", network(), "painter", {"class_names": STYLES, "kimg": 1, "pictures": 9})
    return folder


@pytest.fixture(scope="module")
def painter(weights: Path) -> StylePainter:
    return StylePainter.read(weights / "mine.safetensors")


@pytest.fixture
def engine(weights: Path, tmp_path: Path) -> Engine:
    return Engine(Registry(weights=weights, cache=tmp_path))


@pytest.fixture(scope="module")
def photo() -> Picture:
    return Picture(np.random.default_rng(0).integers(0, 256, (150, 230, 3)).astype(np.uint8))


def test_how_far_it_looks_is_at_most_its_reach() -> None:
    made = network()
    x = torch.rand(1, 3, 256, 256, requires_grad=True)
    made(x, torch.eye(3)[:1])[0, :, 128, 128].sum().backward()
    assert x.grad is not None
    rows, columns = x.grad.abs().sum(dim=(0, 1)).nonzero().unbind(1)
    reach = max(abs(int(edge) - 128) for edge in (rows.min(), rows.max(), columns.min(), columns.max()))
    assert 40 < reach <= REACH_PX


def test_a_picture_has_no_seams_whatever_the_tile(
    engine: Engine, photo: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.run(StylizeRequest(photo, model="mine")).images[0].pixels
    monkeypatch.setattr(painting, "_TILE_PX", 64)
    tiled = engine.run(StylizeRequest(photo, model="mine")).images[0].pixels
    assert whole.shape == photo.pixels.shape
    assert np.abs(whole.astype(int) - tiled).max() <= 2  # bfloat16 rounds by the size of what it works on


def test_each_style_is_another_and_a_mixture_is_neither(engine: Engine, photo: Picture) -> None:
    gold, ink, mixed = (
        engine.run(StylizeRequest(photo, model="mine", shares=shares)).images[0].pixels.astype(int)
        for shares in ({"gold": 1}, {"ink": 1}, {"gold": 1, "ink": 1})
    )
    apart = np.abs(gold - ink).mean()
    assert apart > 1
    assert 0.2 * apart < np.abs(mixed - gold).mean() < apart


def test_shares_are_what_the_network_is_told(painter: StylePainter) -> None:
    told = painter.condition({"gold": 1, "night": 3})
    assert told is not None and told.tolist() == [[0.25, 0.0, 0.75]]
    assert torch.equal(painter.condition({}), torch.tensor([[1.0, 0.0, 0.0]]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"oil": 1.0}, "no style oil; choose among gold, ink, night"),
        ({"ink": 0.0}, "above 0"),
        ({"ink": -1}, "above 0"),
    ],
)
def test_an_unknown_style_and_a_share_that_is_none_are_told(
    engine: Engine, photo: Picture, shares: dict, message: str
) -> None:
    with pytest.raises(BadRequestError, match=message):
        engine.run(StylizeRequest(photo, model="mine", shares=shares))


def test_a_style_picture_is_not_for_a_painter(engine: Engine, photo: Picture) -> None:
    with pytest.raises(BadRequestError, match="leave the style picture out"):
        engine.run(StylizeRequest(photo, photo, model="mine"))


def test_a_painter_of_ones_own_is_found_as_a_stylize_model(engine: Engine) -> None:
    card = engine.registry.get("mine")
    assert (card.task, card.kind, card.arch) == ("stylize", "gan", "painter")


def test_a_painter_is_no_generator_and_a_generator_no_painter(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(BadCheckpointError, match="changes photos and draws no new ones; use it in Stylize"):
        PictureGenerator.read(weights / "mine.safetensors")
    write_snapshot(tmp_path / "g.safetensors", Generator(8, 16, widths=[8, 8, 8]), "fastgan", {})
    with pytest.raises(BadCheckpointError, match="repaints no photos"):
        StylePainter.read(tmp_path / "g.safetensors")


def test_styles_are_read_from_words() -> None:
    assert parse_shares("ink") == {"ink": 1.0}
    assert parse_shares(" gold=2, ink = 0.5 ") == {"gold": 2.0, "ink": 0.5}
    assert parse_shares("") == {}
    with pytest.raises(BadRequestError, match="no share of a style"):
        parse_shares("gold=much")
