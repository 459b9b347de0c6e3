"""Pick training pictures out of a Debian package: ``python tools/prepare_landscapes.py PACKAGE OUT``.

PACKAGE is the folder to which ``endless-sky-high-dpi`` was extracted (``apt-get download``, then ``dpkg -x``). Its
landscape photographs that are in the public domain, by the package's own copyright file, go to OUT/train and
OUT/held-out as class folders, with a LICENSE.txt that says where each is from. Pictures of space and with unnatural
colors are left out. Photographs twice as wide as high become three overlapping squares; no photograph is in both parts.
"""

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from PIL import Image

COPYRIGHT = "usr/share/doc/endless-sky-high-dpi/copyright"
PICTURES = "usr/share/games/endless-sky/plugins/endless-sky-high-dpi"

BLANKET = "images/land/*"
NO_LANDSCAPES = ("earthrise", "loc", "nasa", "space", "station")
"""Prefixes of pictures that show space, its ships and rooms."""

TINTED = ("desert3", "hills3", "hills4", "mountain2", "sky6", "valley7", "water6")
"""Photographs whose colors were changed to look like another world."""

MERGED = {"badlands": "canyon", "dune": "desert", "hills": "valley", "water": "lake"}
"""Prefixes that name what another one names too."""

SIDE_PX, SQUARES = 288, 3
HELD_OUT_EVERY = 7
"""Every so manieth photograph of a class is for measuring, never for training."""


@dataclass(frozen=True)
class Terms:
    """One paragraph of a Debian copyright file.

    Attributes:
        patterns: the files it is about; ``*`` and ``?`` stand for any characters.
        holder: who made them.
        license: its short name.
        explanation: what the paragraph says about the license.
    """

    patterns: tuple[str, ...]
    holder: str
    license: str
    explanation: str

    def cover(self, file: str) -> bool:
        """Tell whether they are about a file."""
        return any(fnmatchcase(file, pattern) for pattern in self.patterns)


def read_terms(text: str) -> list[Terms]:
    """Read the paragraphs about files, in their order."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        # A field goes on in the lines that begin with a space.
        fields = dict(re.findall(r"^([\w-]+):[ \t]*((?:.*)(?:\n[ \t].*)*)", paragraph, re.MULTILINE))
        if "Files" in fields and "License" in fields:
            patterns = tuple(line.strip() for line in fields["Files"].splitlines() if line.strip())
            name, *explanation = fields["License"].splitlines()
            words = " ".join(" ".join(explanation).split())
            found.append(Terms(patterns, fields.get("Copyright", "unknown").strip(), name.strip(), words))
    return found


def free_terms(file: str, terms: Sequence[Terms]) -> Terms | None:
    """Give the terms of a landscape if it is in the public domain beyond doubt, else None.

    In Debian's format the last paragraph that covers a file counts. Here ``desert1*`` also covers, by mistake,
    ``desert10-harro``, which an earlier paragraph gives to someone else. So every paragraph from the one about all
    landscapes on must agree.
    """
    blanket = next(place for place, one in enumerate(terms) if BLANKET in one.patterns)
    covering = [one for one in terms[blanket:] if one.cover(file)]
    free = all(one.license == "public-domain" for one in covering)
    return covering[-1] if covering and free else None


def pick(package: Path) -> dict[Path, Terms]:
    """Give the landscapes that are in the public domain, each with its terms."""
    terms = read_terms((package / COPYRIGHT).read_text("utf-8"))
    picked = {}
    for picture in sorted((package / PICTURES / "images" / "land").glob("*.jpg")):
        own = free_terms(picture.relative_to(package / PICTURES).as_posix(), terms)
        if own and prefix(picture) not in NO_LANDSCAPES and picture.name.split("@")[0] not in TINTED:
            picked[picture] = own
    return picked


def prefix(picture: Path) -> str:
    """Give the letters that a file name begins with, which say what is to be seen."""
    match = re.match(r"[a-z]+", picture.name)
    return match[0] if match else "other"


def class_of(picture: Path) -> str:
    """Give the class of a picture."""
    return MERGED.get(prefix(picture), prefix(picture))


def squares(image: Image.Image) -> list[Image.Image]:
    """Cut a picture into squares of ``SIDE_PX`` that overlap, from its left end to its right one."""
    width = round(image.width * SIDE_PX / image.height)
    small = image.convert("RGB").resize((max(width, SIDE_PX), SIDE_PX), Image.Resampling.LANCZOS)
    lefts = [(small.width - SIDE_PX) * place // (SQUARES - 1) for place in range(SQUARES)]
    return [small.crop((left, 0, left + SIDE_PX, SIDE_PX)) for left in dict.fromkeys(lefts)]


def license_text(picked: dict[Path, Terms]) -> str:
    """Say of every picture where it is from."""
    text = "Landscape photographs from the Debian package endless-sky-high-dpi, all in the public domain.\n"
    for terms in dict.fromkeys(picked.values()):
        names = ", ".join(f"{class_of(picture)}/{picture.name}" for picture, own in picked.items() if own == terms)
        text += f"\n{terms.explanation}\nCopyright field: {terms.holder}\nFiles: {names}\n"
    return text


def main() -> None:
    """Read the command line, copy the pictures, write the license."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", type=Path, metavar="PACKAGE")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    picked = pick(arguments.package)
    counts: Counter[str] = Counter()
    for picture in picked:
        kind = class_of(picture)
        counts[kind] += 1
        folder = arguments.out / ("train" if counts[kind] % HELD_OUT_EVERY else "held-out") / kind
        folder.mkdir(parents=True, exist_ok=True)
        for number, square in enumerate(squares(Image.open(picture)), start=1):
            square.save(folder / f"{picture.stem}-{number}.png")
    for part in ("train", "held-out"):
        (arguments.out / part / "LICENSE.txt").write_text(license_text(picked), "utf-8")
    print(f"{len(picked)} pictures in {len(counts)} classes")


if __name__ == "__main__":
    main()
