"""Every network family of the catalogue loads and runs, on tiny random weights in its official format."""

import hashlib
from pathlib import Path

import pytest
import torch
from spandrel.architectures.Compact import Compact
from spandrel.architectures.ESRGAN import ESRGAN
from spandrel.architectures.SCUNet import SCUNet
from spandrel.architectures.SwinIR import SwinIR

from ganedit.engine import Engine
from ganedit.image import Picture, from_tensor
from ganedit.models.card import ModelCard, SizeRule, Source
from ganedit.models.catalog import CATALOG
from ganedit.models.registry import Registry
from ganedit.requests import Compute, EnhanceRequest, Precision


def _swinir() -> dict:
    network = SwinIR(
        img_size=64, embed_dim=36, depths=[2, 2], num_heads=[6, 6], window_size=8, mlp_ratio=2,
        upscale=4, img_range=1.0, upsampler="nearest+conv", resi_connection="1conv",
    )  # fmt: skip
    return {"params_ema": network.state_dict()}


def _official_rrdb() -> dict:
    """RRDBNet in Real-ESRGAN's key names, for twice the size: 12 input channels, the pixels of 2x2 blocks."""
    old = ESRGAN(in_nc=12, num_filters=16, num_blocks=1, scale=4).state_dict()
    names = {"model.0": "conv_first", "model.1.sub.1": "conv_body", "model.3": "conv_up1", "model.6": "conv_up2"}
    names |= {"model.8": "conv_hr", "model.10": "conv_last"}
    official = {}
    for key, value in old.items():
        stem, _, leaf = key.rpartition(".")
        if stem in names:
            official[f"{names[stem]}.{leaf}"] = value
        else:  # model.1.sub.0.RDB1.conv1.0 -> body.0.rdb1.conv1
            part = stem.removesuffix(".0").removeprefix("model.1.sub.").replace("RDB", "rdb")
            official[f"body.{part}.{leaf}"] = value
    return {"params_ema": official}


FAMILIES = {
    "Compact": (
        lambda: {"params": Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=4).state_dict()},
        4,
        SizeRule(),
    ),
    "ESRGAN, old keys (BSRGAN)": (lambda: ESRGAN(num_filters=16, num_blocks=1, scale=4).state_dict(), 4, SizeRule()),
    "ESRGAN, x2plus": (_official_rrdb, 2, SizeRule(4, 4)),
    "SwinIR": (_swinir, 4, SizeRule(16, tileable=False)),
    "SCUNet": (lambda: SCUNet(config=[1] * 7, dim=64).state_dict(), 1, SizeRule(40, tileable=False)),
}


def _registry(folder: Path, family: str) -> Registry:
    make, scale, size = FAMILIES[family]
    torch.manual_seed(0)
    path = folder / "tiny.pth"
    torch.save(make(), path)
    source = Source(f"file:{path}", hashlib.sha256(path.read_bytes()).hexdigest(), "pth", path.stat().st_size)
    arch = family.split(",")[0]
    card = ModelCard("tiny", "enhance", arch, (source,), "MIT", True, scale=scale, size=size)
    return Registry([card], weights=folder / "weights", cache=folder / "cache")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_enhances_odd_sizes_whole_and_in_tiles(tmp_path: Path, family: str, precision: Precision) -> None:
    engine = Engine(_registry(tmp_path, family))
    scale = FAMILIES[family][1]
    image = from_tensor(
        torch.rand(1, 3, 45, 67), Picture.from_pil(Picture(torch.zeros(45, 67, 3).byte().numpy()).to_pil())
    )
    for tile_px in (None, 32):
        request = EnhanceRequest(image, "tiny", compute=Compute(precision, tile_px))
        [result] = engine.run(request).images
        assert (result.height, result.width) == (45 * scale, 67 * scale)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_recognized_as_what_the_catalogue_calls_it(tmp_path: Path, family: str) -> None:
    _registry(tmp_path, family)
    (tmp_path / "weights").mkdir()
    (tmp_path / "tiny.pth").rename(tmp_path / "weights" / "mine.pth")
    [card] = Registry([], weights=tmp_path / "weights", cache=tmp_path / "cache").cards()
    assert card.arch == family.split(",")[0]
    assert card.scale == FAMILIES[family][1]


def test_every_family_of_the_catalogue_but_the_gpu_one_is_covered() -> None:
    enhancers = {card.arch for card in CATALOG if card.task == "enhance"}
    assert enhancers - {family.split(",")[0] for family in FAMILIES} == {"AuraSR"}
