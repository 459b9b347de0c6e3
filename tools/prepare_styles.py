"""Cut training pictures for painters: ``python tools/prepare_styles.py PACKAGES OUT``.

PACKAGES is a folder with three extracted Debian packages (``apt-get download``, then ``dpkg -x NAME_*.deb NAME``):
``gcompris-qt-data`` for the paintings, ``openclipart-png`` for the cartoons, ``endless-sky-high-dpi`` for the photos.
OUT/train gets squares of 128 px, one sub-folder a style and ``photos``; OUT/held-out gets squares of paintings and
drawings that are in no training square, and whole photos. Everything is in the public domain.
"""

import argparse
import colorsys
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

sys.path.insert(0, str(Path(__file__).parents[1]))
from tools.prepare_landscapes import license_text, pick
from tools.prepare_paintings import paintings, read_resources

STYLES: Mapping[str, tuple[str, ...]] = {
    "impressionist": ("Renoir", "Cassatt", "Bazille"),
    "ukiyo-e": ("Hokusa", "Hiroshige"),
    "van-gogh": ("Gogh",),
}
"""Words in the titles of each style's paintings."""

OLD_MASTERS = ("Bellini", "Vinci", "Arcimboldo", "Michelangelo", "Brugel")
"""Paintings that count as photos, for their faces and figures: few photos of people are in the public domain."""

HELD_OUT = ("Kazusa", "Oiran", "Village street", "0013", "Girls at the piano", "Bellini")
"""Words in the titles of the paintings that no training square is cut from."""

SIDE_PX = 128
_WINDOW_PX = {"photos": (128, 420), "styles": (115, 280)}  # sides of what is cut, before it is resized
_TRAIN, _TEST, _PHOTOS = 1000, 250, 2400
_HELD_OUT_EVERY = 7
_PHOTO_PX = 768  # longer side of a whole photo

_CLIPART = "openclipart-png/usr/share/openclipart/png"
_SUBJECTS = ("animals", "buildings", "food", "people", "plants", "transportation/vehicles")
_LARGEST_BYTES = 300_000
_SCENE_PX, _THINGS = 512, (9, 16)
_COLORFUL = 0.15
_SATURATIONS = (0.5, 1.0)
_SKIES = (  # blue, blue, pale, evening, night: hue, lightness, saturation
    ((0.52, 0.62), (0.6, 0.85), (0.4, 0.9)),
    ((0.52, 0.62), (0.6, 0.85), (0.4, 0.9)),
    ((0.1, 0.62), (0.88, 0.98), (0.1, 0.6)),
    ((0.03, 0.14), (0.6, 0.85), (0.5, 0.9)),
    ((0.58, 0.7), (0.1, 0.3), (0.2, 0.6)),
)
_GROUNDS = (  # green, green, sand and earth, rock, dark rock, water
    ((0.2, 0.4), (0.3, 0.6), (0.3, 0.7)),
    ((0.2, 0.4), (0.15, 0.4), (0.2, 0.6)),
    ((0.05, 0.13), (0.35, 0.75), (0.25, 0.6)),
    ((0.0, 1.0), (0.3, 0.9), (0.0, 0.12)),
    ((0.0, 1.0), (0.08, 0.3), (0.0, 0.2)),
    ((0.5, 0.62), (0.3, 0.6), (0.3, 0.7)),
)
_ANIMALS = "gcompris-qt-data/usr/share/gcompris-qt/rcc/explore_world_animals.rcc"
_MOOSE = "moose.webp"  # Ryan Hagerty, public domain by the package's copyright file


def squares(pictures: Sequence[Image.Image], count: int, sides: tuple[int, int], chance: np.random.Generator) -> list:
    """Cut squares of random sizes anywhere out of the pictures in turn, and resize them to ``SIDE_PX``."""
    cut = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        side = int(chance.integers(sides[0], min(sides[1], *picture.size) + 1))
        left, top = (int(chance.integers(0, length - side + 1)) for length in picture.size)
        box = (left, top, left + side, top + side)
        cut.append(picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS, box=box))
    return cut


def drawings(package: Path) -> Iterator[Image.Image]:
    """Give the drawings in color, (side of at most 400 px, RGBA)."""
    for subject in _SUBJECTS:
        for path in sorted((package / _CLIPART / subject).rglob("*.png")):
            if path.stat().st_size > _LARGEST_BYTES:
                continue
            with Image.open(path) as opened:
                opened.draft("RGB", (400, 400))
                opened.thumbnail((400, 400), Image.Resampling.LANCZOS)
                drawing = opened.convert("RGBA")
            pixels = np.asarray(drawing, np.float32) / 255
            shown = pixels[pixels[..., 3] > 0.5, :3]
            if len(shown) > 3000 and np.mean(np.ptp(shown, axis=1)) > _COLORFUL:
                yield drawing


def scene(drawn: Sequence[Image.Image], chance: np.random.Generator) -> Image.Image:
    """Lay some drawings over a flat sky, flat hills with outlines and a flat ground, in colors that photos have too."""
    canvas = Image.new("RGB", (_SCENE_PX, _SCENE_PX), _color(chance, _SKIES))
    horizon = int(chance.integers(_SCENE_PX // 4, _SCENE_PX))
    outline = int(chance.integers(2, 5))
    for _ in range(int(chance.integers(1, 5))):
        _lay_hill(canvas, horizon, outline, chance)
        horizon += int(chance.integers(20, 120))
    for _ in range(int(chance.integers(*_THINGS))):
        thing = drawn[int(chance.integers(len(drawn)))]
        scale = chance.uniform(0.35, 0.8) * _SCENE_PX / max(thing.size)
        small = thing.resize([max(8, round(side * scale)) for side in thing.size], Image.Resampling.LANCZOS)
        left, top = (int(chance.integers(-side // 3, _SCENE_PX - side // 2)) for side in small.size)
        canvas.paste(small, (left, top), small)
    return ImageEnhance.Color(canvas).enhance(chance.uniform(*_SATURATIONS))


def _lay_hill(canvas: Image.Image, horizon: int, outline: int, chance: np.random.Generator) -> None:
    """Fill all that lies under a bent or jagged line."""
    bends = int(chance.integers(2, 12))
    heights = horizon + chance.normal(0, chance.uniform(0, 60), bends + 1)
    x = np.linspace(0, _SCENE_PX, 65)
    bent = chance.random() < 0.5
    place = x / _SCENE_PX * bends
    if bent:  # a cosine from bend to bend has no corners
        place = np.floor(place) + (1 - np.cos(np.pi * (place % 1))) / 2
    ridge = list(zip(x.tolist(), np.interp(place, np.arange(bends + 1), heights).tolist(), strict=True))
    draw = ImageDraw.Draw(canvas)
    draw.polygon([*ridge, (_SCENE_PX, 2 * _SCENE_PX), (0, 2 * _SCENE_PX)], fill=_color(chance, _GROUNDS))
    draw.line(ridge, fill=(25, 20, 30), width=outline)


def _color(chance: np.random.Generator, ranges: Sequence[Sequence[tuple[float, float]]]) -> tuple[int, ...]:
    """Draw (R, G, B) from one of the ranges of hue, lightness and saturation."""
    hue, light, saturation = (chance.uniform(*span) for span in ranges[int(chance.integers(len(ranges)))])
    return tuple(round(255 * part) for part in colorsys.hls_to_rgb(hue, light, saturation))


def _write(pictures: Sequence[Image.Image], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        picture.save(folder / f"{number:05d}.png")


def write_styles(packages: Path, out: Path) -> dict[str, str]:
    """Write the squares of all styles; gives what each is cut from."""
    chance = np.random.default_rng(0)
    works = dict(paintings(packages / "gcompris-qt-data"))
    origins = {}
    for style, painters in STYLES.items():
        chosen = {title: work for title, work in works.items() if any(name in title for name in painters)}
        for part, count in (("train", _TRAIN), ("held-out", _TEST)):
            own = [work for title, work in chosen.items() if _is_held_out(title) == (part == "held-out")]
            _write(squares(own, count, _WINDOW_PX["styles"], chance), out / part / style)
        origins[style] = "; ".join(sorted(chosen))
    drawn = list(drawings(packages))
    for part, count in (("train", _TRAIN), ("held-out", _TEST)):
        own = [each for number, each in enumerate(drawn) if (number % _HELD_OUT_EVERY == 0) == (part == "held-out")]
        scenes = [scene(own, chance) for _ in range(count // 4)]
        _write(squares(scenes, count, _WINDOW_PX["styles"], chance), out / part / "cartoon")
    origins["cartoon"] = f"{len(drawn)} drawings of the Open Clip Art Library, each dedicated to the public domain"
    return origins


def _is_held_out(title: str) -> bool:
    return any(word.lower() in title.lower() for word in HELD_OUT)


def write_photos(packages: Path, out: Path) -> str:
    """Write squares of the training photos, and the others whole; gives where they are from."""
    chance = np.random.default_rng(1)
    picked = pick(packages / "endless-sky-high-dpi")
    train, held_out = [], []
    for number, path in enumerate(picked, 1):
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        photo.thumbnail((_PHOTO_PX, _PHOTO_PX), Image.Resampling.LANCZOS)
        (train if number % _HELD_OUT_EVERY else held_out).append(photo)
    people = [
        work
        for title, work in paintings(packages / "gcompris-qt-data")
        if any(name in title for name in OLD_MASTERS) and not _is_held_out(title)
    ]
    animals = dict(read_resources(packages / _ANIMALS))
    moose = next(data for path, data in animals.items() if path.endswith(_MOOSE))
    people += [_opened(moose)] * 2
    landscapes = squares(train, _PHOTOS * 3 // 4, _WINDOW_PX["photos"], chance)
    figures = squares(people, _PHOTOS // 4, _WINDOW_PX["photos"], chance)
    _write([*landscapes, *figures], out / "train" / "photos")
    _write(held_out, out / "held-out" / "photos")
    return license_text(picked)


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        photo = opened.convert("RGB")
    photo.thumbnail((_PHOTO_PX, _PHOTO_PX), Image.Resampling.LANCZOS)
    return photo


def main() -> None:
    """Read the command line and write the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packages", type=Path, metavar="PACKAGES")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    origins = write_styles(arguments.packages, arguments.out)
    photos = write_photos(arguments.packages, arguments.out)
    lines = ["Paintings and drawings in the public domain.", ""]
    lines += [f"{style}: {origin}." for style, origin in origins.items()]
    lines += [
        "",
        "Among the photos: " + ", ".join(OLD_MASTERS) + " (paintings), and a moose by Ryan Hagerty.",
        "",
        photos,
    ]
    for part in ("train", "held-out"):
        (arguments.out / part / "LICENSE.txt").write_text("\n".join(lines), encoding="utf-8")
    print("; ".join(f"{style}: {origin}" for style, origin in origins.items()))


if __name__ == "__main__":
    main()
