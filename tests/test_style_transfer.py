"""Magenta's style networks: ours agrees with the file it comes from, and tiles agree with the whole."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from ganedit.errors import BadCheckpointError
from ganedit.models import sources
from ganedit.models.archs.arbitrary_style import REACH_PX
from ganedit.models.registry import Registry
from ganedit.models.style_transfer import StyleTransfer
from ganedit.tasks.stylize import _fitting

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"


@pytest.fixture(scope="module")
def files() -> tuple[Path, Path]:
    Registry().load_style_transfer("magenta-any-style")
    parts = Registry().get("magenta-any-style").sources[0].parts
    predictor, painter = (sources.locate(part, sources.cache_dir()) for part in parts)
    assert predictor and painter
    return predictor, painter


@pytest.fixture(scope="module")
def network(files: tuple[Path, Path]) -> StyleTransfer:
    return StyleTransfer(*files)


def pixels(path: Path, side_px: int) -> torch.Tensor:
    with Image.open(path) as image:
        small = np.asarray(image.convert("RGB").resize((side_px, side_px)), np.float32) / 255
    return torch.from_numpy(small).permute(2, 0, 1)[None]


def test_the_painter_draws_what_the_file_draws_without_its_rounding(
    network: StyleTransfer, files: tuple[Path, Path]
) -> None:
    x, style = pixels(EXAMPLES / "cat.jpg", 384), network.style(pixels(EXAMPLES / "styles" / "auvers.jpg", 256))
    session = onnxruntime.InferenceSession(str(files[1]), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    given = dict(zip(names, (x.permute(0, 2, 3, 1).numpy(), style.numpy().reshape(1, 1, 1, 100)), strict=True))
    theirs = torch.from_numpy(np.asarray(session.run(None, given)[0])).permute(0, 3, 1, 2)
    ours = network.begin(style, x)(x)
    assert float((ours - theirs).abs().mean()) < 0.04  # the file rounds every map to 8 bits
    assert np.corrcoef(ours.flatten().numpy(), theirs.flatten().numpy())[0, 1] > 0.98


def test_with_fixed_statistics_a_tile_is_a_part_of_the_whole(network: StyleTransfer) -> None:
    x, style = pixels(EXAMPLES / "cat.jpg", 384), network.style(pixels(EXAMPLES / "styles" / "wave.jpg", 256))
    paint = network.begin(style, x)
    whole = paint(x)
    corner = paint(x[..., : 128 + REACH_PX, : 128 + REACH_PX])
    torch.testing.assert_close(corner[..., :128, :128], whole[..., :128, :128], atol=2e-4, rtol=0)


def test_a_picture_is_continued_to_sides_that_fit() -> None:
    assert _fitting(torch.rand(1, 3, 33, 40)).shape == (1, 3, 36, 40)


def test_a_damaged_file_is_one_sentence(tmp_path: Path, files: tuple[Path, Path]) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    with pytest.raises(BadCheckpointError, match="fetch it again"):
        StyleTransfer(files[0], tmp_path / "bad.onnx")
