"""What fills holes: the real MI-GAN, and LaMa and MAT from random weights in exactly their published format."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from spandrel.architectures.LaMa import LaMa
from spandrel_extra_arches.architectures.MAT import MAT
from torch import nn

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.models.card import Source
from ganedit.models.catalog import CATALOG
from ganedit.models.inpainters import Mat, build_inpainter
from ganedit.models.loaded import LoadedModel
from ganedit.models.registry import Registry

CARDS = {card.id: card for card in CATALOG}
BUILT_IN = ("opencv-telea", "opencv-navier-stokes")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


def needs_migan(registry: Registry) -> None:
    if not registry.is_installed("migan-512"):
        pytest.skip("MI-GAN's weights are not here: `python -m ganedit models fetch migan-512` brings them")


def scene(side: int = 512) -> tuple[torch.Tensor, torch.Tensor]:
    """A soft gradient with a hole in the middle: (1, 3, H, W) and (1, 1, H, W)."""
    ramp = torch.linspace(0.2, 0.8, side)
    x = torch.stack([ramp.expand(side, side), ramp[:, None].expand(side, side), torch.full((side, side), 0.5)])[None]
    mask = torch.zeros(1, 1, side, side)
    mask[..., side // 3 : side // 2, side // 3 : side // 2] = 1
    return x, mask


def randomize(network: nn.Module) -> nn.Module:
    """Small random weights: the outputs of an untrained network stay finite."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)
    return network


@pytest.mark.parametrize("model_id", ["migan-512", *BUILT_IN])
def test_what_lies_under_the_mask_does_not_change_one_bit_of_the_fill(registry: Registry, model_id: str) -> None:
    if model_id not in BUILT_IN:
        needs_migan(registry)
    model, (x, mask) = registry.load(model_id), scene()
    fills = [model.masked(torch.where(mask > 0, torch.tensor(under), x), mask) for under in (0.0, 1.0, 0.37)]
    assert torch.equal(fills[0], fills[1]) and torch.equal(fills[0], fills[2])


@pytest.mark.parametrize("model_id", ["migan-512", *BUILT_IN])
def test_a_gap_in_a_gradient_is_continued_and_known_pixels_come_back(registry: Registry, model_id: str) -> None:
    if model_id not in BUILT_IN:
        needs_migan(registry)
    model, (x, mask) = registry.load(model_id), scene()
    y = model.masked(x, mask)
    hole = mask.expand_as(x) > 0
    assert torch.equal(y[~hole], x[~hole])
    assert (y - x)[hole].abs().mean() < 0.05  # a network that read the mask the other way round would be far off


def test_a_built_in_method_is_installed_without_fetching_and_stays(registry: Registry) -> None:
    row = next(row for row in registry.rows("inpaint") if row["id"] == "opencv-telea")
    assert (row["installed"], row["size_bytes"], row["kind"]) == (True, 0, "other")
    registry.fetch("opencv-telea")
    with pytest.raises(ValueError, match="built in"):
        registry.remove("opencv-telea")


def lama_archive(path: Path) -> Path:
    """Big-LaMa as its authors' TorchScript: the same keys and shapes, under ``model.model``."""

    class Exported(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = randomize(LaMa(in_nc=4, out_nc=3)).model

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image

    traced: Any = torch.jit.trace(Exported(), torch.zeros(1))
    traced.save(path)
    return path


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_lama_is_read_from_the_torchscript_archive_that_is_published(tmp_path: Path) -> None:
    source = Source("file:big-lama.pt", "0" * 64, "torchscript")
    network = build_inpainter("LaMa", source, lama_archive(tmp_path / "big-lama.pt"))
    model, (x, mask) = LoadedModel(CARDS["lama-big"], "", lambda: network), scene(64)
    fills = [model.masked(torch.where(mask > 0, torch.tensor(under), x), mask) for under in (0.0, 1.0)]
    assert torch.equal(*fills)
    assert torch.equal(fills[0][..., :10, :], x[..., :10, :])
    assert not torch.equal(fills[0], x)


def test_lamas_onnx_answers_in_bytes_and_is_brought_back_to_one(tmp_path: Path) -> None:
    sides = ["batch", 3, 512, 512]
    nodes = [
        helper.make_node("Mul", ["image", "full"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mask"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "lama",
        [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, sides),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", 1, 512, 512]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, sides)],
        [helper.make_tensor("full", TensorProto.FLOAT, [1], [255.0])],
    )
    model_file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model_file, tmp_path / "lama.onnx")
    network = build_inpainter("LaMa", Source("file:lama.onnx", "0" * 64, "onnx"), tmp_path / "lama.onnx")
    x, mask = scene()
    y = network(x, mask)
    assert y.shape == x.shape
    assert torch.allclose(y, x + mask / 255, atol=1e-5)  # image and mask came in as they are: 1 = fill, [0, 1]


def test_mat_is_read_from_its_pth(tmp_path: Path) -> None:
    state = {key.removeprefix("model."): value for key, value in MAT().state_dict().items()}
    torch.save(state, tmp_path / "mat.pth")
    network = build_inpainter("MAT", Source("file:mat.pth", "0" * 64, "pth"), tmp_path / "mat.pth")
    assert isinstance(network, Mat)
    key = "synthesis.first_stage.conv_first.conv.weight"
    assert torch.equal(network.network.get_parameter(f"model.{key}"), state[key])


def test_mats_chance_is_fixed_and_nobody_elses_is_touched() -> None:
    class Chancy(nn.Module):
        """Draws when built and drops features when run, as MAT does."""

        z = torch.zeros(1, 512)

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return nn.functional.dropout(x, training=True) * self.z.mean()

    x, mask = scene(64)
    first, second = Mat(Chancy()), Mat(Chancy())
    torch.manual_seed(7)
    fills = [first(x, mask), second(x, mask), first(x, mask)]
    assert torch.equal(fills[0], fills[1]) and torch.equal(fills[0], fills[2])
    drawn = torch.rand(4)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(4))


def test_mat_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "spandrel_extra_arches", None)
    torch.save({"synthesis.first_stage.conv_first.conv.resample_filter": torch.zeros(4, 4)}, tmp_path / "m.pth")
    with pytest.raises(WeightsUnavailableError, match="pip install spandrel-extra-arches"):
        build_inpainter("MAT", Source("file:m.pth", "0" * 64, "pth"), tmp_path / "m.pth")


@pytest.mark.parametrize("file_format", ["onnx", "torchscript", "pth"])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, file_format: str) -> None:
    (tmp_path / "bad").write_bytes(np.random.default_rng(0).bytes(999))
    source = replace(Source("file:bad", "0" * 64, "onnx"), format=file_format)
    with pytest.raises(BadCheckpointError, match=r"damaged|pickle"):
        build_inpainter("LaMa", source, tmp_path / "bad")


def test_another_network_in_the_file_is_refused(tmp_path: Path, registry: Registry) -> None:
    torch.save({"model.0.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "x.pth")
    with pytest.raises(BadCheckpointError, match="recognize"):
        build_inpainter("LaMa", Source("file:x.pth", "0" * 64, "pth"), tmp_path / "x.pth")
