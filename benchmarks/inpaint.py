"""Inpainting: which method for which damage, and what it costs.

Quality on photographs with holes of three kinds: PSNR inside the hole against what was there, and the paired distance
of ``quality`` over the cells that the holes touch, both averaged over photos and draws. Time against a bare session of
onnxruntime, which is what every program that runs MI-GAN pays.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.features import Features
from benchmarks.photos import photo, to_pil, to_unit
from benchmarks.timing import ratio, table, take_turns
from ganedit.engine import Engine
from ganedit.image import Picture
from ganedit.models.onnx_sessions import open_session
from ganedit.requests import InpaintRequest

PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "rocket")
DRAWS = 3
GAN = "migan-512"


def tables() -> Iterator[str]:
    """All tables of this benchmark, each as soon as it is measured."""
    engine = Engine()
    yield quality(engine)
    yield overhead(engine)
    yield growth(engine)
    yield threads(engine)


def quality(engine: Engine) -> str:
    """Every installed model on three kinds of damage."""
    features = Features()
    rows = []
    for kind, draw in KINDS.items():
        for model in _installed(engine):
            errors, distances, seconds = [], [], []
            for name in PHOTOS:
                x = photo(name)
                wanted = features(x)
                for seed in range(DRAWS):
                    mask = draw(x.shape[-2], x.shape[-1], seed)
                    result = engine.run(InpaintRequest(Picture.from_pil(to_pil(x)), mask, model))
                    y = to_unit(result.images[0].pixels)
                    hole = torch.from_numpy(mask)
                    errors.append(-10 * (y - x)[0, :, hole].square().mean().log10())
                    distances.append((features(y) - wanted).norm(dim=1)[_cells(hole, wanted)].mean())
                    seconds.append(result.seconds)
            values = [torch.stack(errors).mean(), torch.stack(distances).mean(), torch.tensor(seconds).mean()]
            rows.append([kind, model, f"{values[0]:.1f}", f"{values[1]:.1f}", f"{values[2]:.2f}"])
    header = ["damage", "model", "PSNR in the hole, dB", "paired distance", "seconds"]
    return f"## Filling holes, {len(PHOTOS)} photos, {DRAWS} draws each\n\n" + table(header, rows)


def overhead(engine: Engine, rounds: int = 15) -> str:
    """A whole edit of 512x512 pixels against one run of the same session."""
    picture = Picture.from_pil(to_pil(photo("astronaut")))
    session = open_session(Path(engine.registry.info(GAN)["path"]))
    rows = []
    for kind, draw in KINDS.items():
        mask = draw(512, 512, 0)
        feed = {
            "image": picture.pixels.transpose(2, 0, 1)[None],
            "mask": np.where(mask, 0, 255).astype(np.uint8)[None, None],
        }
        request = InpaintRequest(picture, mask, GAN)
        runs = {
            "bare": lambda feed=feed: session.run(None, feed),
            "engine": lambda request=request: engine.run(request),
        }
        seconds = take_turns(runs, rounds)
        rows.append(
            [
                kind,
                f"{np.median(seconds['bare']) * 1000:.0f} ms",
                f"{(ratio(seconds, 'engine', 'bare') - 1) * 100:+.1f} %",
            ]
        )
    return "## A whole edit over a bare onnxruntime run, 512x512\n\n" + table(["damage", "bare", "engine"], rows)


def growth(engine: Engine, rounds: int = 7) -> str:
    """Cost follows the hole: the same hole in larger pictures, and many scratches against one pass."""
    requests = {"1 MP": _square_hole(1152, 864), "24 MP": _square_hole(6000, 4000)}
    runs: dict[str, Callable[[], object]] = {
        name: lambda request=request: engine.run(request) for name, request in requests.items()
    }
    one = InpaintRequest(Picture.from_pil(to_pil(photo("astronaut"))), strokes(512, 512, 0), GAN)
    many = InpaintRequest(_photo_of(1600, 1250), scratches(1250, 1600, 0, count=200), GAN)
    runs |= {"one pass": lambda: engine.run(one)}
    seconds = take_turns(runs, rounds)
    crowd = take_turns({"scratches": lambda: engine.run(many), "one pass": lambda: engine.run(one)}, 3)
    rows = [
        ["the same 200x200 hole, 24 over 1 megapixels", f"{ratio(seconds, '24 MP', '1 MP'):.2f}"],
        ["200 scratches on 2 megapixels over one pass", f"{ratio(crowd, 'scratches', 'one pass'):.2f}"],
    ]
    return "## Cost follows the hole\n\n" + table(["what", "times as long"], rows)


def threads(engine: Engine, rounds: int = 5) -> str:
    """The session's settings."""
    path = Path(engine.registry.info(GAN)["path"])
    mask = strokes(512, 512, 0)
    image = np.ascontiguousarray((photo("astronaut") * 255).byte().numpy())
    feed = {"image": image, "mask": np.where(mask, 0, 255).astype(np.uint8)[None, None]}
    runs = {}
    for count, spin in ((1, "1"), (2, "1"), (2, "0"), (4, "1")):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = count, 3
        options.add_session_config_entry("session.intra_op.allow_spinning", spin)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name = f"{count} threads, {'spinning' if spin == '1' else 'sleeping'}"
        runs[name] = lambda session=session: session.run(None, feed)
    seconds = take_turns(runs, rounds)
    rows = [[name, f"{np.median(times) * 1000:.0f} ms"] for name, times in seconds.items()]
    return "## Settings of onnxruntime, MI-GAN\n\n" + table(["settings", "median"], rows)


def scratches(height: int, width: int, seed: int, count: int = 12, widths: tuple[int, int] = (2, 6)) -> np.ndarray:
    """Nearly straight lines, 2 to 5 px wide: (H, W) bool."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(count):
        angle, length = rng.uniform(0, np.pi), rng.uniform(40, 250)
        along = np.linspace(0, length, 6)[:, None] * [[np.cos(angle), np.sin(angle)]]
        points = rng.uniform(0, 1, 2) * (width, height) + along + rng.normal(0, 2, (6, 2))
        cv2.polylines(mask, [points.astype(np.int32)], False, 1, int(rng.integers(*widths)))
    return mask.astype(bool)


def hairlines(height: int, width: int, seed: int) -> np.ndarray:
    """Nearly straight lines, 1 to 2 px wide: (H, W) bool."""
    return scratches(height, width, seed, widths=(1, 3))


def strokes(height: int, width: int, seed: int) -> np.ndarray:
    """Brush strokes, 16 to 28 px wide: (H, W) bool."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(4):
        points = rng.uniform(0, 1, (4, 2)) * (width, height)
        points = points.mean(axis=0) + 0.5 * (points - points.mean(axis=0))
        cv2.polylines(mask, [points.astype(np.int32)], False, 1, int(rng.integers(16, 29)))
    return mask.astype(bool)


def blocks(height: int, width: int, seed: int) -> np.ndarray:
    """Squares with sides of 60 to 100 px: (H, W) bool."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), bool)
    for _ in range(4):
        side = int(rng.integers(60, 101))
        top, left = int(rng.integers(0, height - side)), int(rng.integers(0, width - side))
        mask[top : top + side, left : left + side] = True
    return mask


KINDS = {
    "hairlines, 1-2 px": hairlines,
    "scratches, 2-5 px": scratches,
    "strokes, 16-28 px": strokes,
    "blocks, 60-100 px": blocks,
}


def _installed(engine: Engine) -> list[str]:
    return [row["id"] for row in engine.registry.rows("inpaint") if row["installed"]]


def _cells(hole: Tensor, features: Tensor) -> Tensor:
    """Which cells of the features (cells, channels) a hole (H, W) touches: (cells,) bool."""
    height, width = hole.shape
    rows = round((len(features) * height / width) ** 0.5)
    touched = F.adaptive_max_pool2d(hole.float()[None, None], (rows, len(features) // rows))
    return touched.flatten() > 0


def _photo_of(width: int, height: int) -> Picture:
    return Picture.from_pil(to_pil(photo("coffee")).resize((width, height)))


def _square_hole(width: int, height: int) -> InpaintRequest:
    mask = np.zeros((height, width), bool)
    mask[height // 2 - 100 : height // 2 + 100, width // 2 - 100 : width // 2 + 100] = True
    return InpaintRequest(_photo_of(width, height), mask, GAN)
