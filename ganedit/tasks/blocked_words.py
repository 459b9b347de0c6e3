"""Words that a public demo does not draw.

The list is short and looks at words, not at pictures: it keeps a demo from being used for the obvious, and no more.
"""

import re
import unicodedata

from ganedit.errors import BadRequestError

# fmt: off
BLOCKED_WORDS = frozenset((
    "beheaded", "beheading", "bestiality", "decapitated", "erotic", "erotica", "fetish", "genitals", "gore", "gory",
    "hentai", "incest", "loli", "lolita", "masturbating", "masturbation", "mutilated", "mutilation", "naked", "nazi",
    "nazis", "nipple", "nipples", "nsfw", "nude", "nudes", "nudity", "orgasm", "orgy", "pedophile", "penis", "porn",
    "porno", "pornographic", "pornography", "rape", "raped", "raping", "sex", "sexual", "sexually", "sexy",
    "swastika", "topless", "torture", "tortured", "underage", "undressed", "vagina", "xxx",
))
# fmt: on
"""English, because that is what the text encoders read."""

BLOCKED_SIGNS = ("裸", "色情", "性爱", "性愛", "强奸", "強姦", "血腥", "纳粹", "納粹", "自杀", "自殺")
"""Chinese, which puts no space between words."""


def check_words(text: str) -> None:
    """Refuse a text with a blocked word in it; accents, capitals, wide and invisible letters do not hide one.

    Raises:
        BadRequestError: there is one.
    """
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text).casefold()
        if unicodedata.category(letter) not in ("Mn", "Cf")
    )
    found = next((word for word in re.findall(r"\w+", plain.replace("_", " ")) if word in BLOCKED_WORDS), None)
    found = found or next((sign for sign in BLOCKED_SIGNS if sign in plain), None)
    if found:
        raise BadRequestError(f"This demo draws nothing with “{found}” in it; say it in other words.")
