"""Draw avatars with DiceBear as training pictures: ``python tools/prepare_avatars.py OUT [--count N] [--size PX]``.

OUT/train and OUT/held-out get pictures, their license and an ``attributes.jsonl``, which states everything in which
the pictures differ; no picture is in both. OUT/choices.json says which values each style has. Needs dicebear-core,
dicebear-styles and resvg-py.
"""

import argparse
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import resvg_py
from dicebear import Avatar, Style
from PIL import Image

Attributes = dict[str, str]
Options = dict[str, Any]
"""What DiceBear is to draw."""

NONE = "none"
_NONE_SHARE = 0.6
"""How often a face goes without what it can do without."""

_FREE = ("CC0 1.0", "CC BY 4.0")
_OVERSAMPLING = 2
_SEED = 5

_SKINS = {"pale": "#ffdccb", "light": "#f1bf9c", "tan": "#d29a6e", "brown": "#a4673f", "dark": "#663c26"}
_BACKGROUNDS = {
    "white": "#ffffff",
    "blue": "#b9e0f5",
    "green": "#c6ebc5",
    "yellow": "#fdf0b4",
    "pink": "#ffd3dc",
    "purple": "#d9cff7",
}
_HAIR_COLORS = {
    "black": "#2f272a",
    "brown": "#764a2c",
    "red": "#c4432b",
    "blond": "#eac25f",
    "gray": "#a8a8b0",
    "pink": "#ef7fae",
    "blue": "#3f78d8",
    "green": "#3fa66a",
}
_CLOTHES_COLORS = {
    "black": "#2d2d33",
    "white": "#f4f4f0",
    "red": "#d63a3a",
    "orange": "#f28a2e",
    "yellow": "#f4cf3f",
    "green": "#3c9d55",
    "blue": "#3563d0",
    "purple": "#8a4fc9",
    "pink": "#f08fb8",
}


def _part(component: str, variants: Mapping[str, str]) -> dict[str, Options]:
    """Options by value, for a component that is always there."""
    return {value: {f"{component}Variant": variant} for value, variant in variants.items()}


def _extra(component: str, variants: Mapping[str, str], without: str = NONE) -> dict[str, Options]:
    """Options by value, for a component that can be missing, which is the value ``without``."""
    shown = {f"{component}Probability": 100}
    parts = {value: options | shown for value, options in _part(component, variants).items()}
    return {without: {f"{component}Probability": 0}} | parts


def _colors(colors: Mapping[str, str], *components: str) -> dict[str, Options]:
    """Options by name of a color that some components share."""
    return {name: {f"{component}Color": color for component in components} for name, color in colors.items()}


STYLES: Mapping[str, Mapping[str, Mapping[str, Options]]] = {
    "toon head": {
        "background": _colors(_BACKGROUNDS, "background"),
        "skin": _colors(_SKINS, "skin"),
        "hair": _part("hair", {"bun": "bun", "side parted": "sideComed", "spiky": "spiky", "undercut": "undercut"}),
        "hair length": _extra(
            "rearHair",
            {"neck": "neckHigh", "shoulder": "shoulderHigh", "long": "longStraight", "long wavy": "longWavy"},
            without="short",
        ),
        "hair color": _colors(_HAIR_COLORS, "hair"),
        "eyebrows": _part("eyebrows", {"angry": "angry", "neutral": "neutral", "raised": "happy", "sad": "sad"}),
        "eyes": _part("eyes", {"open": "wide", "lashes": "happy", "happy": "bow", "closed": "humble", "wink": "wink"}),
        "mouth": _part("mouth", {"smile": "smile", "laughing": "laugh", "angry": "angry", "surprised": "agape"}),
        "beard": _extra(
            "beard",
            {
                "goatee": "chinMoustache",
                "full beard": "fullBeard",
                "long beard": "longBeard",
                "mustache": "moustacheTwirl",
            },
        ),
        "clothes": _part(
            "clothes",
            {
                "tank top": "dress",
                "jacket": "openJacket",
                "shirt": "shirt",
                "t-shirt": "tShirt",
                "turtleneck": "turtleNeck",
            },
        ),
        "clothes color": _colors(_CLOTHES_COLORS, "clothes"),
    },
    "micah": {
        "background": _colors(_BACKGROUNDS, "background"),
        "skin": _colors(_SKINS, "base"),
        "hair": _part(
            "hair",
            {
                "bald": "mrClean",
                "bangs": "dannyPhantom",
                "bob": "pixie",
                "long wavy": "full",
                "mohawk": "mrT",
                "quiff": "fonze",
            },
        ),
        "hair color": _colors(_HAIR_COLORS, "hair", "facialHair", "eyebrows"),
        "eyes": _part("eyes", {"open": "eyes", "happy": "smiling"}),
        "mouth": _part(
            "mouth",
            {
                "smile": "smile",
                "laughing": "laughing",
                "sad": "frown",
                "surprised": "surprised",
                "smirk": "smirk",
                "nervous": "nervous",
                "kiss": "pucker",
            },
        ),
        "glasses": _extra("glasses", {"round": "round", "square": "square"}),
        "beard": _extra("facialHair", {"full beard": "beard", "stubble": "scruff"}),
        "earrings": _extra("earrings", {"hoop": "hoop"}),
        "clothes": _part("clothes", {"shirt": "collared", "sweater": "crew", "t-shirt": "open"}),
        "clothes color": _colors(_CLOTHES_COLORS, "shirt"),
    },
    "personas": {
        "background": _colors(_BACKGROUNDS, "background"),
        "skin": _colors(_SKINS, "skin"),
        "hair": _part(
            "hair",
            {
                "balding": "balding",
                "bob": "bobCut",
                "bob with bangs": "bobBangs",
                "bun": "straightBun",
                "curly": "curly",
                "curly bun": "curlyBun",
                "fade": "fade",
                "high top": "curlyHighTop",
                "long": "extraLong",
                "mohawk": "mohawk",
                "pigtails": "pigtails",
                "side parted": "shortCombover",
                "side shaved": "sideShave",
                "top knot": "bunUndercut",
            },
        ),
        "hair color": _colors(_HAIR_COLORS, "hair", "facialHair"),
        "eyes": _part("eyes", {"open": "open", "happy": "happy", "closed": "sleep", "wink": "wink"}),
        "mouth": _part(
            "mouth",
            {
                "smile": "smile",
                "laughing": "bigSmile",
                "sad": "frown",
                "surprised": "surprise",
                "smirk": "smirk",
                "red lips": "lips",
            },
        ),
        # These are variants of DiceBear's eyes and hair, which they overrule.
        "glasses": {NONE: {}} | _part("eyes", {"square": "glasses", "sunglasses": "sunglasses"}),
        "hat": {NONE: {}} | _part("hair", {"beanie": "beanie", "cap": "cap"}),
        "beard": _extra("facialHair", {"goatee": "goatee", "mustache": "walrus", "stubble": "shadow"}),
        "clothes": _part("clothes", {"checkered shirt": "checkered", "t-shirt": "rounded"}),
        "clothes color": _colors(_CLOTHES_COLORS, "clothing"),
    },
}
"""DiceBear's options by value, by attribute, by style. Of two that say the same option, the later one counts."""

_FIXED: Mapping[str, Options] = {
    "toon head": {"scale": 1.08, "translateY": 4},
    "micah": {
        "earringColor": "#e3b52c",
        "earsVariant": "attached",
        "eyebrowsVariant": "up",
        "glassesColor": "#1a1a1a",
        "noseVariant": "curve",
        "scale": 0.95,
        "translateY": 2.5,
    },
    "personas": {"noseVariant": "mediumRound", "scale": 1.08, "translateY": 4},
}
"""Options that are the same in every picture of a style."""


def draw(random: Random) -> Attributes:
    """Choose a style and a value of each attribute that can be seen."""
    style = random.choice(list(STYLES))
    chosen = {"style": style}
    for attribute, values in STYLES[style].items():
        plain = NONE in values and random.random() < _NONE_SHARE
        chosen[attribute] = NONE if plain else random.choice([value for value in values if value != NONE])
    return visible(chosen)


def visible(chosen: Attributes) -> Attributes:
    """Leave out what cannot be seen: the glasses of personas have their own eyes, and their hats cover all hair."""
    hidden = set()
    if chosen["style"] == "personas" and chosen["glasses"] != NONE:
        hidden |= {"eyes"}
    if chosen["style"] == "personas" and chosen["hat"] != NONE:
        hidden |= {"hair", "hair color"} if chosen["beard"] == NONE else {"hair"}
    return {name: value for name, value in chosen.items() if name not in hidden}


def options_of(attributes: Attributes) -> Options:
    """Give the options with which DiceBear draws attributes."""
    style = attributes["style"]
    options = {"seed": "", **_FIXED[style]}
    for attribute, values in STYLES[style].items():
        if attribute in attributes:
            options |= values[attributes[attribute]]
    return options


def different(random: Random) -> Iterator[Attributes]:
    """Give avatars without end, none twice."""
    seen = set()
    while True:
        attributes = draw(random)
        key = tuple(attributes.items())
        if key not in seen:
            seen.add(key)
            yield attributes


def load_styles() -> tuple[dict[str, Style], str]:
    """Load the styles of DiceBear, and say whom to thank for them.

    Raises:
        ValueError: a style is under a license that asks for more than to name its author.
    """
    styles, told = {}, ["Avatars drawn with DiceBear, https://www.dicebear.com"]
    for name in STYLES:
        file = resources.files("dicebear_styles") / f"{name.replace(' ', '-')}.json"
        definition = json.loads(file.read_text("utf-8"))
        license = definition["meta"]["license"]
        if license["name"] not in _FREE:
            raise ValueError(f"The style {name} is under {license['name']}.")
        styles[name] = Style(definition)
        told.append(f"{name}: {license['text']}")
    told.append("Changes: colors were replaced, faces moved and scaled, and drawn as small pictures.\n")
    return styles, "\n".join(told)


def paint(attributes: Attributes, styles: Mapping[str, Style], size: int) -> Image.Image:
    """Draw an avatar, ``size`` pixels wide and high, RGB."""
    svg = Avatar(styles[attributes["style"]], options_of(attributes)).to_string()
    png = resvg_py.svg_to_bytes(svg_string=svg, width=_OVERSAMPLING * size, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGB").resize((size, size), Image.Resampling.LANCZOS)


def write(folder: Path, avatars: Iterable[Attributes], size: int) -> None:
    """Fill a folder with pictures, the list of their attributes and the license."""
    styles, license = load_styles()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "LICENSE.txt").write_text(license, "utf-8")
    with (folder / "attributes.jsonl").open("w", encoding="utf-8") as lines:
        for number, attributes in enumerate(avatars):
            file = f"{number:05d}.png"
            paint(attributes, styles, size).save(folder / file)
            lines.write(json.dumps({"file": file, "attributes": attributes}) + "\n")


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--count", type=int, default=30_000, metavar="N", help="training pictures")
    parser.add_argument("--held-out", type=int, default=1000, metavar="N", help="pictures for measuring")
    parser.add_argument("--size", type=int, default=64, metavar="PX")
    parser.add_argument("--seed", type=int, default=_SEED)
    words = parser.parse_args()
    avatars = different(Random(words.seed))
    write(words.out / "held-out", islice(avatars, words.held_out), words.size)
    write(words.out / "train", islice(avatars, words.count), words.size)
    choices = {style: {name: list(values) for name, values in parts.items()} for style, parts in STYLES.items()}
    (words.out / "choices.json").write_text(json.dumps(choices, indent=1), "utf-8")


if __name__ == "__main__":
    main()
