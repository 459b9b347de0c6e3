"""Speed on this machine's processor: against peers, of tiles, of the engine, of the live preview and of start-up."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version

import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.photos import photo, to_pil
from benchmarks.timing import ratio, table, take_turns
from ganedit.engine import Engine
from ganedit.image import Picture, thumbnail
from ganedit.models.registry import Registry
from ganedit.requests import Adjustments, Compute, EnhanceRequest
from ganedit.tasks.tiling import TileReport, run_tiled

MODELS = ("realesr-animevideov3", "realesrgan-x4plus")
COMPACT = MODELS[0]


def tables() -> Iterator[str]:
    """All tables of this benchmark, each as soon as it is measured."""
    yield against_peers()
    yield tile_cost()
    yield flatness()
    yield engine_overhead()
    yield small_things()


def against_peers(rounds: int = 9, side_px: int = 128) -> str:
    """Throughput of one 128x128 picture to 512x512."""
    threads = torch.get_num_threads()
    names = {
        "spandrel": f"spandrel {version('spandrel')}, float32",
        "ncnn": f"ncnn {version('ncnn')}, {threads} threads",
        "openvino": f"OpenVINO {version('openvino')}, bfloat16",
    }
    x = photo("astronaut")[..., 32 : 32 + side_px, 160 : 160 + side_px].contiguous()
    rows = []
    for model_id in MODELS:
        runs = _runs(model_id, x, threads)
        seconds = take_turns(runs, rounds)
        error = (runs["ganedit"]() - runs["spandrel"]()).abs().mean().item() * 255
        rows.append([model_id, "ganedit, auto", _ms(seconds["ganedit"]), "1.00", f"{error:.2f}"])
        for peer, label in names.items():
            error = (runs[peer]() - runs["spandrel"]()).abs().mean().item() * 255
            rows.append([model_id, label, _ms(seconds[peer]), f"{ratio(seconds, peer, 'ganedit'):.2f}", f"{error:.2f}"])
    header = ["model", "program", "median", "time / ganedit's", "mean error, 1/255"]
    return f"## {side_px}x{side_px} to {side_px * 4}x{side_px * 4}\n\n" + table(header, rows)


def _runs(model_id: str, x: Tensor, threads: int) -> dict[str, Callable[[], Tensor]]:
    ours = Registry().load(model_id)
    theirs = {
        "spandrel": peers.spandrel_float32(model_id),
        "ncnn": peers.ncnn(model_id, threads),
        "openvino": peers.openvino_bfloat16(model_id, x.shape[-1], threads),
    }
    return {"ganedit": lambda: ours.image(x)[0], **{name: partial(run, x) for name, run in theirs.items()}}


def tile_cost(rounds: int = 1) -> str:
    """The tiled path against the whole picture in one call."""
    rows = []
    for model_id, side_px in ((COMPACT, 1024), (MODELS[1], 512)):
        model, x = Registry().load(model_id), photo("astronaut", side_px)
        seconds = take_turns(
            {
                "whole": lambda model=model, x=x: model.image(x),
                "tiled": lambda model=model, x=x: _drain(run_tiled(x, model, 4, Compute(), TileReport())),
            },
            rounds,
        )
        rows.append([model_id, f"{side_px}x{side_px}", f"{ratio(seconds, 'tiled', 'whole'):.2f}"])
    return "## Tiles of the default size against the untiled network\n\n" + table(
        ["model", "input", "time / untiled"], rows
    )


def flatness(rounds: int = 2) -> str:
    """Seconds per megapixel of input as the picture grows."""
    engine = Engine()
    requests = {
        f"{side_px**2 / 1e6:.2f}": EnhanceRequest(Picture.from_pil(to_pil(photo("coffee", side_px))), COMPACT)
        for side_px in (512, 1024, 2048)
    }
    seconds = take_turns({name: lambda r=request: engine.run(r) for name, request in requests.items()}, rounds)
    rates = {name: statistics.median(times) / float(name) for name, times in seconds.items()}
    rows = [[name, f"{rate:.2f}", f"{rate / min(rates.values()):.2f}"] for name, rate in rates.items()]
    return f"## {COMPACT}, whole edit\n\n" + table(["megapixels in", "seconds per megapixel in", "over the best"], rows)


def engine_overhead(rounds: int = 9) -> str:
    """A whole edit against the bare network in the same precision."""
    engine = Engine()
    rows = []
    for model_id, side_px in ((COMPACT, 128), (COMPACT, 256), (MODELS[1], 128)):
        x = photo("astronaut", side_px)
        picture = Picture.from_pil(to_pil(x))
        model = engine.registry.load(model_id)
        plain = EnhanceRequest(picture, model_id, color_guard=False)
        guarded = EnhanceRequest(picture, model_id)
        runs = {
            "bare": lambda model=model, x=x: model.image(x),
            "engine": lambda request=plain: engine.run(request),
            "guarded": lambda request=guarded: engine.run(request),
        }
        seconds = take_turns(runs, rounds)
        size = f"{side_px}x{side_px}"
        shares = [f"{(ratio(seconds, name, 'bare') - 1) * 100:+.1f} %" for name in ("engine", "guarded")]
        rows.append([model_id, size, *shares])
    return "## Engine over the bare network\n\n" + table(["model", "input", "engine", "with the color guard"], rows)


def small_things() -> str:
    """Live preview on a photo of 12 megapixels, and the start of the command line."""
    engine = Engine()
    large = Picture.from_pil(to_pil(photo("coffee", 3456)))
    start = time.perf_counter()
    small = thumbnail(large, 1024)
    reduced = time.perf_counter() - start
    everything = Adjustments(0.1, 1.2, 1.2, 1.3, 1.1, "gray-world")
    preview = take_turns({"preview": lambda: engine.preview(small, everything)}, 9)["preview"]
    help_command = [sys.executable, "-m", "ganedit", "--help"]
    begin = take_turns({"help": lambda: subprocess.run(help_command, capture_output=True, check=True)}, 5)["help"]
    rows = [
        ["12-megapixel photo to preview size, once", f"{reduced * 1000:.0f} ms"],
        ["live preview, all adjustments", _ms(preview)],
        ["`python -m ganedit --help`", _ms(begin)],
    ]
    return "## Small things\n\n" + table(["what", "median"], rows)


def _drain(steps) -> None:
    for _ in steps:
        pass


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms"
