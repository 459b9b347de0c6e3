"""What is said about a picture in its XMP packet, the one kind of note that all formats carry that are written here.

There are two things: the recipe of the edit, for ganedit, and IPTC's digital source type, the mark of machine-made
pictures that other programs read.
"""

import re
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ganedit.errors import BadRequestError

MAX_BYTES = 65_000
"""A JPEG segment holds no more."""

DRAWN = "trainedAlgorithmicMedia"
"""The digital source type of a picture that a network drew."""

REWORKED = "compositeWithTrainedAlgorithmicMedia"
"""Of one that a network filled, extended, repainted or enlarged."""

ADJUSTED = "algorithmicallyEnhanced"
"""Of one that was changed without a network."""

# From the weakest to the strongest; what stands for a camera's own picture is weaker than all.
_BY_STRENGTH = (
    ADJUSTED,
    "dataDrivenMedia",
    "algorithmicMedia",
    "virtualRecording",
    "compositeSynthetic",
    REWORKED,
    DRAWN,
)
_IN_OUR_RECIPES = {b"generated": DRAWN, b"edited": REWORKED}

_NAMESPACE = "urn:ganedit:1.0:"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'xmlns:ganedit="{_NAMESPACE}">%s</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
_SOURCE_TYPE = (
    "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/%s</Iptc4xmpExt:DigitalSourceType>"
)
_RECIPE = "<ganedit:recipe>%s</ganedit:recipe>"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def pack(recipe: str | None, source_type: str = "") -> bytes:
    """Write a packet.

    Args:
        recipe: the settings as JSON; None leaves them out.
        source_type: name of a digital source type, in letters and digits; empty leaves it out.

    Raises:
        BadRequestError: the recipe holds control characters or is too long for a JPEG.
    """
    if _NOT_XML.search(recipe or ""):
        raise BadRequestError("The recipe holds control characters, write it as JSON.")
    said = _SOURCE_TYPE % source_type if source_type else ""
    if recipe is not None:
        said += _RECIPE % escape(recipe, {"\r": "&#13;"})
    packet = (_PACKET % said).encode()
    if len(packet) > MAX_BYTES:
        raise BadRequestError("The recipe is too long to be saved in the picture, switch the saved settings off.")
    return packet


def unpack(packet: bytes | str | None) -> str | None:
    """Give the recipe in a packet that anybody may have written; None if there is none."""
    if not packet or len(packet) > MAX_BYTES:
        return None
    try:
        text = packet if isinstance(packet, str) else packet.decode()
        # Without declarations an XML parser has nothing to expand or to fetch.
        tree = ElementTree.fromstring("" if "<!" in text else text.strip("\0"))
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    return tree.findtext(f".//{{{_NAMESPACE}}}recipe")


def source_type_in(data: Any) -> str:
    """Give the strongest digital source type that is named in a packet or a whole file, or that our recipe stands for.

    It is looked for as text, because it has many places: elements and attributes of XMP, and the manifests of C2PA.

    Args:
        data: text, bytes or a memory map, of anybody.

    Returns:
        Its name, empty if there is none.
    """
    if isinstance(data, str):
        data = data.encode(errors="replace")
    named = [name.decode() for name in re.findall(rb"digitalsourcetype/(\w{1,60})", data)]
    # Files that were saved before there was a mark.
    ours = [_IN_OUR_RECIPES[how] for how in re.findall(rb'"ai_(generated|edited)": true', data)]
    return strongest(*named, *ours)


def strongest(*source_types: str) -> str:
    """Give the digital source type that says most plainly that a machine made the picture; empty if there is none."""
    return max(("", *source_types), key=_strength)


def _strength(source_type: str) -> int:
    return _BY_STRENGTH.index(source_type) if source_type in _BY_STRENGTH else -1 if source_type else -2
