"""The recipe of an edit as an XMP packet, the one kind of note that PNG, JPEG, WebP and AVIF all carry."""

import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ganedit.errors import BadRequestError

MAX_BYTES = 65_000
"""A JPEG segment holds no more."""

_NAMESPACE = "urn:ganedit:1.0:"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    f'<rdf:Description rdf:about="" xmlns:ganedit="{_NAMESPACE}"><ganedit:recipe>%s</ganedit:recipe>'
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def pack(recipe: str) -> bytes:
    """Wrap a recipe.

    Raises:
        BadRequestError: it holds control characters or is too long for a JPEG.
    """
    if _NOT_XML.search(recipe):
        raise BadRequestError("The recipe holds control characters, write it as JSON.")
    packet = (_PACKET % escape(recipe, {"\r": "&#13;"})).encode()
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
