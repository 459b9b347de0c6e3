"""Published painters: the same pictures as their own layers give, tiles that agree, and files that are refused."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from published_layouts import AnimeGANv2, CycleGAN, randomize
from torch import nn

from ganedit.engine import Engine
from ganedit.errors import BadCheckpointError, BadRequestError
from ganedit.image import Picture
from ganedit.models.card import ModelCard, Source
from ganedit.models.catalog import CATALOG
from ganedit.models.pins import may_pin
from ganedit.models.public_painters import OnnxPainter, build_painter
from ganedit.models.registry import Registry
from ganedit.requests import StylizeRequest
from ganedit.tasks import stylize as painting

KINDS = {"AnimeGANv2": AnimeGANv2(4), "CycleGAN": CycleGAN(4)}


@pytest.fixture(scope="module", params=KINDS)
def published(request: pytest.FixtureRequest) -> tuple[str, nn.Module]:
    return request.param, randomize(KINDS[request.param])


def picture(height: int = 160, width: int = 232) -> Picture:
    rows, columns = np.mgrid[:height, :width]
    waves = np.stack([127 + 120 * np.sin(rows / (9 + c) + columns / (17 - c)) for c in range(3)], axis=2)
    return Picture(waves.astype(np.uint8))


def saved(network: nn.Module, folder: Path, name: str = "mine.pth", extra: dict | None = None) -> Path:
    torch.save({**network.state_dict(), **(extra or {})}, folder / name)
    return folder


def engine_with(folder: Path) -> Engine:
    return Engine(Registry(weights=folder, cache=folder / "cache"))


def test_a_whole_picture_is_painted_as_by_the_published_layers(published: tuple[str, nn.Module]) -> None:
    arch, network = published
    painter = build_painter(network.state_dict(), "it")
    assert painter is not None and painter.arch == arch
    x = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = (network(2 * x - 1) + 1) / 2
    assert torch.allclose(painter.begin(None, x)(x), wanted, atol=1e-4)
    assert wanted.std() > 0.01


def test_a_file_of_ones_own_is_recognized_and_painted_without_seams(
    published: tuple[str, nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arch, network = published
    engine = engine_with(saved(network, tmp_path))
    card = engine.registry.get("mine")
    assert (card.task, card.arch, card.kind) == ("stylize", arch, "gan")
    request = StylizeRequest(picture(), model="mine")
    whole = engine.run(request).images[0].pixels.astype(int)
    monkeypatch.setattr(painting, "_TILE_PX", 64)
    tiled = engine.run(request).images[0].pixels.astype(int)
    assert whole.shape == (160, 232, 3) and whole.std() > 1
    assert np.abs(whole - tiled).max() <= 1


def test_old_files_carry_statistics_that_are_left_out(tmp_path: Path) -> None:
    extra = {"model.2.running_mean": torch.zeros(4), "model.2.running_var": torch.ones(4)}
    state = randomize(CycleGAN(4)).state_dict() | extra
    assert build_painter(state, "old") is not None


def test_tensors_that_do_not_fit_are_told(published: tuple[str, nn.Module]) -> None:
    arch, network = published
    state = network.state_dict()
    state[next(reversed(state))] = torch.zeros(1, 2, 3)
    with pytest.raises(BadCheckpointError, match=f"looks like {arch}, but its tensors do not fit"):
        build_painter(state, "it")
    assert build_painter({"some.other.key": torch.zeros(1)}, "it") is None


def test_a_single_style_has_no_name(published: tuple[str, nn.Module], tmp_path: Path) -> None:
    engine = engine_with(saved(published[1], tmp_path))
    with pytest.raises(BadRequestError, match="single style"):
        engine.run(StylizeRequest(picture(), model="mine", shares={"monet": 1.0}))


def negative(folder: Path, channels: int = 3) -> Path:
    shape = [1, "h", "w", channels]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "negative", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "negative.onnx"))
    return folder / "negative.onnx"


def test_an_onnx_file_paints_a_whole_picture(tmp_path: Path) -> None:
    x = torch.rand(1, 3, 33, 50)
    assert torch.allclose(OnnxPainter(negative(tmp_path)).begin(None, x)(x), 1 - x, atol=1e-6)


def test_an_onnx_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpointError, match="turns no picture into a picture"):
        OnnxPainter(negative(tmp_path, channels=4))


def test_what_paints_in_one_piece_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = negative(tmp_path)
    source = Source(f"file:{path}", hashlib.sha256(path.read_bytes()).hexdigest(), "onnx")
    card = ModelCard("negative", "stylize", "AnimeGANv3", (source,), "MIT", True)
    engine = Engine(Registry((card,), weights=tmp_path / "none", cache=tmp_path))
    result = engine.run(StylizeRequest(picture(), model="negative"))
    assert np.abs(result.images[0].pixels.astype(int) + picture().pixels - 255).max() <= 1
    monkeypatch.setattr(painting, "_WHOLE_PIXELS", 20_000)
    with pytest.raises(BadRequestError, match="in one piece"):
        engine.run(StylizeRequest(picture(), model="negative"))
    assert engine.run(StylizeRequest(picture(), model="negative", brush=2)).images[0].pixels.shape == (160, 232, 3)


def test_weights_without_a_published_hash_are_only_read_as_plain_tensors_from_their_authors_host() -> None:
    unhashed = [source for card in CATALOG for source in card.sources if not source.sha256 and source.format == "pth"]
    assert {source.file_name for source in unhashed} >= {"style_monet.pth", "style_ukiyoe.pth"}
    assert all(may_pin(source) for source in unhashed)
    host = unhashed[0].locator.rpartition("/")[0]
    assert not may_pin(Source("https://example.org/style_monet.pth", "", "pth"))
    assert not may_pin(Source(f"{host.replace('https', 'http')}/style_monet.pth", "", "pth"))
    assert not may_pin(Source(f"{host}/style_monet.onnx", "", "onnx"))
