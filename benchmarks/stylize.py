"""Painters against Magenta's network and OpenCV: closeness to a style at equal content, then time and memory.

The pictures must be prepared first; neither the photos nor the paintings they are compared with were trained on:

    python tools/prepare_styles.py PACKAGES benchmarks/out/styles
    python tools/prepare_paintings.py PACKAGES/gcompris-qt-data benchmarks/out/paintings
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.memory import peak
from benchmarks.photos import photo, to_pil
from benchmarks.timing import ratio, table, take_turns
from ganedit.engine import Engine
from ganedit.formats import open_picture
from ganedit.image import Picture, thumbnail
from ganedit.metrics.features import effnet
from ganedit.metrics.pairs import feature_distances, ssim
from ganedit.metrics.scores import frechet_distance
from ganedit.models.painters import StylePainter
from ganedit.models.registry import Registry
from ganedit.requests import ANY_STYLE_MODEL, SAME_MODEL, StylizeRequest

OUT = Path(__file__).parent / "out"
PAINTER = "ganedit-painter"

_PAINTERS = {"impressionist": ("renoir-bal", "cassatt", "bazille"), "ukiyo-e": ("wave", "ejiri", "sunset", "benzaiten")}
_PAINTERS |= {"van-gogh": ("gogh4", "night-cafe", "eglise", "goghbridge")}
_STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
_PATCHES, _PATCH_PX, _WINDOW_PX = 12, 128, (115, 280)
_SHEET_PX = 384
_MEGAPIXEL_PX = 1000

Point = tuple[float, float, float]
"""Distance from the style, content lost, edge SSIM."""

Paint = Callable[[Picture, int], np.ndarray]
"""Turns a photo and its number into (H, W, 3) uint8; less than all of it is a mixture with the photo."""


def tables() -> Iterator[str]:
    """All tables of this benchmark, each as soon as it is measured."""
    if not Registry().is_installed(PAINTER):
        yield "## Stylize\n\nNot measured: no model."
        return
    ready = (OUT / "styles" / "held-out").is_dir() and (OUT / "paintings").is_dir()
    yield closeness() if ready else "## Closeness to a style\n\nNot measured: no data."
    yield speed()
    yield flatness()
    yield contact_sheet()


# -------------------------------------------------------------------- closeness


def closeness() -> str:
    """The distance of painted patches from held-out crops of each style, where both lose as much of the content."""
    photos = [open_picture(path) for path in sorted((OUT / "styles" / "held-out" / "photos").glob("*.png"))]
    rows, ends = [], []
    for style in Engine().styles(PAINTER):
        wanted = _seen(_files(OUT / "styles" / "held-out" / style))
        floor = frechet_distance(real=wanted, fake=_seen(_files(OUT / "styles" / "train" / style)[::4]))
        curves = {name: _curve(paint, photos, wanted) for name, paint in _programs(style).items()}
        for name in [name for name in curves if name != PAINTER]:
            both = curves[PAINTER], curves[name]
            lost = min(curve[-1][1] for curve in both)  # the most that both of them lose
            kept = max(curve[-1][2] for curve in both)
            ours, theirs = (_where(curve, 1, lost) for curve in both)
            as_sharp = [_where(curve, 2, kept) for curve in both]
            shown = [f"{lost:.2f}", f"{ours[0]:.0f}", f"{theirs[0]:.0f}", f"{1 - ours[0] / theirs[0]:.0%}"]
            shown += [f"{kept:.2f}", *(f"{point[0]:.0f}" for point in as_sharp)]
            rows.append([style, name, *shown, f"{1 - as_sharp[0][0] / as_sharp[1][0]:.0%}"])
        whole = curves[PAINTER]
        ends.append([style, f"{whole[0][0]:.0f}", f"{whole[-1][0]:.0f}", f"{whole[-1][1]:.2f}", f"{floor:.0f}"])
    compared = ["ours", "theirs", "ours is closer by"]
    header = ["style", "against", "content lost", *compared, "edge SSIM", *compared]
    told = ["style", "photos as they are", "ours at full strength", "content lost", "the style's training pictures"]
    return "## Distance from held-out works, at equal content\n\n" + table(header, rows) + "\n\n" + table(told, ends)


def _programs(style: str) -> dict[str, Paint]:
    engine = Engine()

    def ours(photo: Picture, number: int) -> np.ndarray:
        return engine.run(StylizeRequest(photo, model=PAINTER, shares={style: 1.0})).images[0].pixels

    programs: dict[str, Paint] = {PAINTER: ours}
    if style in _PAINTERS:
        files = sorted((OUT / "paintings").glob("*.png"))
        works = [open_picture(next(file for file in files if part in file.name)) for part in _PAINTERS[style]]

        def magenta(photo: Picture, number: int) -> np.ndarray:
            request = StylizeRequest(photo, works[number % len(works)], ANY_STYLE_MODEL)
            return engine.run(request).images[0].pixels

        programs[f"{ANY_STYLE_MODEL}, {len(works)} of the same paintings"] = magenta
    return programs | {"OpenCV stylization": _opencv}


def _opencv(photo: Picture, number: int) -> np.ndarray:
    return np.ascontiguousarray(cv2.stylization(np.ascontiguousarray(photo.pixels[..., ::-1]))[..., ::-1])


def _curve(paint: Paint, photos: Sequence[Picture], wanted: np.ndarray) -> list[Point]:
    """Distance from the style, content lost and edge SSIM for each strength."""
    points, full = [], [paint(each, number) for number, each in enumerate(photos)]
    before = _seen(_patches([each.pixels for each in photos]))
    for strength in _STRENGTHS:
        painted = [_mixed(each.pixels, pixels, strength) for each, pixels in zip(photos, full, strict=True)]
        after = _seen(_patches(painted))
        lost = feature_distances(before, after).mean()
        edges = np.mean(
            [ssim(_edges(each.pixels), _edges(pixels)) for each, pixels in zip(photos, painted, strict=True)]
        )
        points.append((frechet_distance(real=wanted, fake=after), float(lost), float(edges)))
    return points


def _mixed(photo: np.ndarray, painted: np.ndarray, strength: float) -> np.ndarray:
    return np.round(photo + strength * (painted.astype(np.float32) - photo)).astype(np.uint8)


def _where(curve: Sequence[Point], column: int, value: float) -> Point:
    """Read a curve off where a column, which rises or falls with the strength, has a value."""
    points = np.array(curve)
    points = points[np.argsort(points[:, column])]
    return tuple(float(np.interp(value, points[:, column], points[:, each])) for each in range(3))  # type: ignore[return-value]


def _files(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.png"))]


def _patches(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Cut the same squares out of the pictures each time, of as many sizes as the crops of the styles have."""
    chance, cut = np.random.default_rng(0), []
    for pixels in pictures:
        picture = Image.fromarray(pixels)
        for _ in range(_PATCHES):
            side = int(chance.integers(_WINDOW_PX[0], min(_WINDOW_PX[1], *picture.size) + 1))
            left, top = (int(chance.integers(0, length - side + 1)) for length in picture.size)
            box = (left, top, left + side, top + side)
            cut.append(np.asarray(picture.resize((_PATCH_PX, _PATCH_PX), Image.Resampling.LANCZOS, box=box)))
    return cut


def _seen(pictures: Sequence[np.ndarray]) -> np.ndarray:
    return effnet()(np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2)))


def _edges(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of how steep the luminance is."""
    gray = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 1).astype(np.float32)
    steep = np.hypot(cv2.Sobel(gray, -1, 1, 0), cv2.Sobel(gray, -1, 0, 1))
    return np.repeat(np.clip(steep, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def sheet(count: int = 3) -> Image.Image:
    """Some held-out photos, a column each: as they are, each style by us and by Magenta's network, and by OpenCV."""
    files = sorted((OUT / "styles" / "held-out" / "photos").glob("*.png"))
    photos = [open_picture(path) for path in files[:: len(files) // count][:count]]
    rows = [[each.pixels for each in photos]]
    for style in Engine().styles(PAINTER):
        for paint in list(_programs(style).values())[:-1]:
            rows.append([paint(each, number) for number, each in enumerate(photos)])
    rows.append([_opencv(each, 0) for each in photos])
    return _grid(rows, (320, 160))


def looks() -> Image.Image:
    """Photos of many kinds, a column each: as they are, then in each style, with faces on their own."""
    engine = Engine()
    held_out = [open_picture(OUT / "styles" / "held-out" / "photos" / f"{number:05d}.png") for number in (1, 4)]
    known = [Picture.from_pil(to_pil(photo(name))) for name in ("astronaut", "chelsea", "rocket", "page")]
    portrait, animal, night, text = (_square(each) for each in known)
    photos = [portrait, animal, *map(_square, held_out), night, text]
    rows = [[each.pixels for each in photos]]
    for style in engine.styles(PAINTER):
        asked = [StylizeRequest(each, model=PAINTER, shares={style: 1.0}, faces=SAME_MODEL) for each in photos]
        rows.append([engine.run(request).images[0].pixels for request in asked])
    return _grid(rows, (240, 240))


def _square(picture: Picture) -> Picture:
    """The middle of a picture, 384 px wide."""
    side = min(picture.width, picture.height)
    left = (picture.width - side) // 2
    return Picture.from_pil(picture.to_pil().resize((384, 384), box=(left, 0, left + side, side)))


def _grid(rows: Sequence[Sequence[np.ndarray]], size: tuple[int, int]) -> Image.Image:
    tiles = [[np.asarray(Image.fromarray(cell).resize(size)) for cell in row] for row in rows]
    return Image.fromarray(np.concatenate([np.concatenate(row, axis=1) for row in tiles]))


# ----------------------------------------------------------------- time, memory


def speed(rounds: int = 5) -> str:
    """An edit of one megapixel against the bare network in bfloat16 on the whole picture at once."""
    engine, painter = Engine(), Registry().load_style_transfer(PAINTER)
    assert isinstance(painter, StylePainter)
    x = photo("astronaut", _MEGAPIXEL_PX)[..., : _MEGAPIXEL_PX // 8 * 8, : _MEGAPIXEL_PX // 8 * 8].contiguous()
    picture = Picture.from_pil(to_pil(x))
    whole = painter.begin(painter.condition({}), x)
    seconds = take_turns(
        {"bare": partial(whole, x), "edit": lambda: engine.run(StylizeRequest(picture, model=PAINTER))}, rounds
    )
    row = [f"{min(seconds['bare']):.2f} s", f"{min(seconds['edit']):.2f} s", f"{ratio(seconds, 'edit', 'bare'):.2f}"]
    return "## One megapixel\n\n" + table(["bare network, bfloat16", "edit, tiled", "ratio"], [row])


def flatness() -> str:
    """Seconds a megapixel, and the peak of memory, from file to file."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.png", Path(folder) / "out.png"
        for megapixels in (1, 4, 12):
            to_pil(photo("coffee", round((megapixels * 1e6) ** 0.5))).save(source)
            gib, seconds = peak(["stylize", str(source), str(target)])
            rows.append([str(megapixels), f"{seconds / megapixels:.2f} s", f"{gib:.2f} GiB"])
    return "## Time and memory by size\n\n" + table(["megapixels", "a megapixel", "peak of memory"], rows)


def contact_sheet() -> str:
    """All styles that the Stylize tab has, on one picture at preview size, once the models are in memory."""
    from ganedit.ui.styles import Styles, shares_of

    engine = Engine()
    small = thumbnail(Picture.from_pil(to_pil(photo("coffee"))), _SHEET_PX)
    styles = Styles(engine).all()
    requests = [
        StylizeRequest(small, open_picture(style.painting) if style.painting else None, style.model, shares=shares)
        for style in styles
        for shares in ({} if style.painting else shares_of(style),)
    ]
    for request in requests:
        engine.run(request)
    started = time.perf_counter()
    for request in requests:
        engine.run(request)
    row = [str(len(requests)), f"{small.width}x{small.height}", f"{time.perf_counter() - started:.1f} s"]
    return "## Contact sheet\n\n" + table(["styles", "px", "time"], [row])
