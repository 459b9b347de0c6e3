"""SPAN: read as ncnn reads it, and grown without a change."""

from pathlib import Path

import ncnn
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganedit.errors import BadCheckpointError
from ganedit.models import sources
from ganedit.models.archs.span import Span
from ganedit.models.ncnn import read_span
from ganedit.models.upscaler_starts import grown, started

WIDTH = 8
FLOAT16_TAG = 0x01306B47


class Graph:
    """Writes a SPAN as ncnn has it: the graph as text, the weights one after another."""

    def __init__(self, network: Span) -> None:
        self._state = network.state_dict()
        self._lines: list[str] = []
        self._weights = bytearray()
        self._read: dict[str, int] = {}

    def layer(self, kind: str, output: str, inputs: list[str], params: str = "") -> str:
        names = []
        for name in inputs:  # whoever reads a value gets a name of it that nobody else reads
            self._read[name] = self._read.get(name, 0) + 1
            names.append(f"{name}_{self._read[name]}")
        self._lines.append(f"{kind} {output} {len(inputs)} 1 {' '.join([*names, output])} {params}")
        return output

    def convolution(self, key: str, output: str, source: str, half: bool) -> str:
        weight, bias = self._state[f"{key}.weight"], self._state[f"{key}.bias"]
        weight = weight / 255 if key == "conv_1" else weight
        tag = FLOAT16_TAG if half else 0
        data = weight.numpy().astype("<f2" if half else "<f4").tobytes()
        self._weights += tag.to_bytes(4, "little") + data + bytes(-len(data) % 4) + bias.numpy().tobytes()
        kernel = weight.shape[-1]
        params = f"0={len(bias)} 1={kernel} 4={kernel // 2} 5=1 6={weight.numel()}"
        return self.layer("Convolution", output, [source], params)

    def block(self, number: int, x: str, half: bool) -> tuple[str, str]:
        name = f"b{number}"
        first = self.layer("Swish", f"{name}s1", [self.convolution(f"blocks.{number}.c1", f"{name}c1", x, half)])
        second = self.layer("Swish", f"{name}s2", [self.convolution(f"blocks.{number}.c2", f"{name}c2", first, half)])
        y = self.convolution(f"blocks.{number}.c3", f"{name}c3", second, half)
        gate = self.layer("BinaryOp", f"{name}g", [self.layer("Sigmoid", f"{name}o", [y])], "0=1 1=1 2=0.5")
        total = self.layer("BinaryOp", f"{name}t", [y, x], "0=0")
        return self.layer("BinaryOp", name, [total, gate], "0=2"), first

    def write(self, folder: Path, half: bool) -> tuple[Path, Path]:
        self._weights += self._state["mean"].numpy().tobytes()
        self._lines.append("Input data 0 1 data")
        self._lines.append("MemoryData mean 0 1 mean 0=1 1=1 2=3")
        shifted = self.layer("BinaryOp", "shifted", ["data", "mean"], "0=1")
        begun = self.convolution("conv_1", "begun", self.layer("BinaryOp", "levels", [shifted], "0=2 1=1 2=255"), half)
        x, kept, first = begun, "", ""
        for number in range(6):
            x, first = self.block(number, x, half)
            kept = kept or x
        maps = [begun, self.convolution("conv_2", "c2", x, half), kept, first]
        joined = self.convolution("conv_cat", "cat", self.layer("Concat", "maps", maps, "0=0"), half)
        self.layer("PixelShuffle", "output", [self.convolution("upsampler", "up", joined, half)], "0=4")
        lines = [line for written in self._lines for line in self._named(written)]
        param, weights = folder / "span.param", folder / "span.bin"
        blobs = sum(int(line.split()[3]) for line in lines)
        param.write_text("\n".join(["7767517", f"{len(lines)} {blobs}", *lines]) + "\n")
        weights.write_bytes(bytes(self._weights))
        return param, weights

    def _named(self, line: str) -> list[str]:
        output = line.split()[1]
        readers = [f"{output}_{number + 1}" for number in range(self._read.get(output, 0))]
        split = f"Split split_{output} 1 {len(readers)} {output} {' '.join(readers)}"
        return [line, split] if readers else [line]


def network(width: int = WIDTH) -> Span:
    torch.manual_seed(0)
    made = Span(width).eval().requires_grad_(False)
    for key, value in made.state_dict().items():
        if key.endswith("weight"):
            value.copy_(value.half().float())
    return made


def picture(height: int = 12, width: int = 20) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def run_ncnn(param: Path, weights: Path, x: Tensor) -> Tensor:
    net = ncnn.Net()  # pyright: ignore[reportAttributeAccessIssue]
    net.opt.num_threads = 1
    assert net.load_param(str(param)) == 0
    assert net.load_model(str(weights)) == 0
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(x[0].numpy()).clone())  # pyright: ignore[reportAttributeAccessIssue]
    code, output = extractor.extract("output")
    assert code == 0
    return torch.from_numpy(np.array(output, copy=True))[None]


@pytest.mark.parametrize("half", [True, False])
def test_gives_the_same_picture_as_ncnn(tmp_path: Path, half: bool) -> None:
    param, weights = Graph(network()).write(tmp_path, half)
    ours = Span(WIDTH)
    ours.load_state_dict(read_span(weights, WIDTH))
    with torch.inference_mode():
        y = ours(picture())
    theirs = run_ncnn(param, weights, picture())
    assert y.shape == (1, 3, 48, 80)
    assert (y - theirs).abs().max() < 0.02 * y.abs().max()  # ncnn computes in 16 bits where it can


def test_a_file_that_is_too_short_or_too_long_is_refused(tmp_path: Path) -> None:
    _, weights = Graph(network()).write(tmp_path, True)
    whole = weights.read_bytes()
    for damaged in (whole[:-4], whole + bytes(4)):
        weights.write_bytes(damaged)
        with pytest.raises(BadCheckpointError, match="fetch"):
            read_span(weights, WIDTH)


def test_a_wider_network_grown_from_a_narrow_one_gives_the_same_picture() -> None:
    narrow = network()
    wide = grown(narrow.state_dict(), 2 * WIDTH)
    with torch.inference_mode():
        assert torch.allclose(wide(picture()), narrow(picture()), atol=1e-4)


def test_new_channels_vary_as_much_as_the_old_ones() -> None:
    seen = {}
    wide = grown(network().state_dict(), 2 * WIDTH)
    for name, layer in wide.named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _, __, y, name=name: seen.update({name: y}))
    with torch.inference_mode():
        wide(picture())
    ratios = [float(y[:, WIDTH:].std() / y[:, :WIDTH].std()) for name, y in seen.items() if name != "upsampler"]
    assert len(ratios) == 21 and all(0.2 < ratio < 5 for ratio in ratios)


def test_an_upscaler_starts_from_the_published_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = network(48)
    _, weights = Graph(published).write(tmp_path, True)
    monkeypatch.setattr(sources, "fetch", lambda wanted, _: (weights, wanted[0]))
    with torch.inference_mode():
        assert torch.allclose(started(56)(picture()), published(picture()), atol=1e-4)
