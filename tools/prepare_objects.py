"""Write pictures of named things as training pictures: ``python tools/prepare_objects.py PACKAGES OUT [--look LOOK]``.

PACKAGES is the folder to which ``npm pack`` fetched ``emojibase-data`` and ``@lobehub/fluent-emoji-3d``, and for the
look ``noto`` also ``@iconify-json/noto``. OUT/LOOK gets a picture of each thing on white, captions and the license;
OUT/names.txt gets the names in their order. Both looks show the same things in files of the same names, and captions of
``noto`` say that it is flat. Needs the text encoder's weights, and resvg-py for ``noto``.
"""

import argparse
import io
import json
import re
import sys
import tarfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from ganedit.models.text import load_text_encoder

NAMES = "emojibase-data-*.tgz"
FLUENT = "lobehub-fluent-emoji-3d-*.tgz"
NOTO = "iconify-json-noto-*.tgz"
_GROUPS = (3, 4, 5, 6, 7)  # animals, food, travel, activities, objects

_ALIKE = 0.4
"""Cosine of a tag and a name from which on the tag helps to say what the thing is."""

_ENDING = {"fluent": "", "noto": ", flat"}
_LICENSES = {
    "fluent": """Pictures: Fluent Emoji, Copyright (c) Microsoft Corporation, as packed in @lobehub/fluent-emoji-3d,
Copyright (c) 2023 LobeHub; MIT License, whose text is below. Changes: laid on white and resized.
""",
    "noto": """Pictures: Noto Emoji by Google Inc., https://github.com/googlefonts/noto-emoji, as packed in
@iconify-json/noto; Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0. Changes: drawn on white.
""",
}
_NAMES_LICENSE = "Names and tags: emojibase-data.\n\n"


@dataclass(frozen=True)
class Thing:
    """A thing that there are pictures of.

    Attributes:
        code: numbers of its characters, as `plain` spells them.
        name: in English.
        tags: other words for it, and for what it has to do with.
    """

    code: str
    name: str
    tags: tuple[str, ...]


def plain(code: str) -> str:
    """Spell numbers of characters without "show this as a picture", which only some packages write."""
    return code.lower().replace("-fe0f", "")


def read_things(entries: Sequence[Mapping[str, Any]]) -> list[Thing]:
    """Take the things from emojibase's entries, in its order; faces, people, signs and flags are left out."""
    wanted = sorted((one for one in entries if one.get("group") in _GROUPS), key=lambda one: one["order"])
    return [Thing(plain(one["hexcode"]), one["label"], tuple(one.get("tags", ()))) for one in wanted]


def unpack(packages: Path, package: str, pattern: str) -> dict[str, bytes]:
    """Read the files of an npm package whose paths match.

    Raises:
        FileNotFoundError: the package is not there.
    """
    archive = next(packages.glob(package), None)
    if archive is None:
        raise FileNotFoundError(f"There is no {package} in {packages}, fetch it with npm pack.")
    with tarfile.open(archive) as files:
        return {
            member.name: content.read()
            for member in files
            if re.fullmatch(pattern, member.name) and (content := files.extractfile(member))
        }


def fluent_pictures(packages: Path) -> dict[str, Image.Image]:
    """Give the three-dimensional look: RGBA pictures of 256 pixels by `plain` code."""
    files = unpack(packages, FLUENT, r"package/assets/.*\.webp")
    return {plain(Path(name).stem): Image.open(io.BytesIO(content)) for name, content in files.items()}


def noto_pictures(packages: Path, codes: Sequence[str], size: int) -> dict[str, Image.Image]:
    """Draw the flat look: RGBA pictures by `plain` code, at twice the size."""
    files = unpack(packages, NOTO, r"package/(icons|chars)\.json")
    icons, names = json.loads(files["package/icons.json"]), json.loads(files["package/chars.json"])
    side, pictures = icons["width"], {}
    for code in codes:
        body = icons["icons"][names[code]]["body"]
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">{body}</svg>'
        png = resvg_py.svg_to_bytes(svg_string=svg, width=2 * size, skip_system_fonts=True)
        pictures[code] = Image.open(io.BytesIO(png))
    return pictures


def on_white(picture: Image.Image, size: int) -> Image.Image:
    """Lay an RGBA picture on white, ``size`` pixels wide and high."""
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB").resize((size, size), Image.Resampling.LANCZOS)


def captions(things: Sequence[Thing], cosines: Mapping[str, np.ndarray]) -> list[list[str]]:
    """Say in several ways what each thing is, its name first.

    A tag is a caption of its own if no other thing has it, and no other name is nearer to it. Other tags that are near
    the name only follow it: what is said of many things would ask for a mixture of them.

    Args:
        things: N of them.
        cosines: (N,) by tag, of its vector and those of all names.
    """
    owners = Counter(tag for thing in things for tag in thing.tags)
    told = []
    for number, thing in enumerate(things):
        lines = [thing.name, f"picture of {thing.name}"]
        for tag in thing.tags:
            alike = cosines[tag][number]
            if alike >= _ALIKE and tag.lower() not in thing.name.lower():
                own = owners[tag] == 1 and alike == cosines[tag].max()
                lines.append(tag if own else f"{thing.name}, {tag}")
        told.append(lines)
    return told


def cosines_of_tags(things: Sequence[Thing]) -> dict[str, np.ndarray]:
    """Compare each tag with the names of all N things: (N,) cosines by tag."""
    encoder = load_text_encoder()
    tags = sorted({tag for thing in things for tag in thing.tags})
    cosines = encoder.encode(tags) @ encoder.encode([thing.name for thing in things]).T
    return dict(zip(tags, cosines, strict=True))


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packages", type=Path, metavar="PACKAGES")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--look", choices=list(_LICENSES), default="fluent")
    parser.add_argument("--size", type=int, default=128, metavar="PX")
    words = parser.parse_args()
    names = unpack(words.packages, NAMES, r"package/(en/data\.json|LICENSE)")
    pictures = fluent_pictures(words.packages)
    things = [thing for thing in read_things(json.loads(names["package/en/data.json"])) if thing.code in pictures]
    if words.look == "noto":
        pictures = noto_pictures(words.packages, [thing.code for thing in things], words.size)
    folder = words.out / words.look
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "captions.jsonl").open("w", encoding="utf-8") as lines:
        for thing, told in zip(things, captions(things, cosines_of_tags(things)), strict=True):
            on_white(pictures[thing.code], words.size).save(folder / f"{thing.code}.png")
            said = [line + _ENDING[words.look] for line in told]
            lines.write(json.dumps({"file": f"{thing.code}.png", "caption": said}, ensure_ascii=False) + "\n")
    license = _LICENSES[words.look] + _NAMES_LICENSE + names["package/LICENSE"].decode()
    (folder / "LICENSE.txt").write_text(license, "utf-8")
    (words.out / "names.txt").write_text("".join(f"{thing.name}\n" for thing in things), "utf-8")
    print(f"{len(things)} things")


if __name__ == "__main__":
    main()
