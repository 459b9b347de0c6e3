"""The record of what was done to a picture, and the mark of machine-made pictures, kept inside its file."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from ganedit import __version__, xmp
from ganedit.requests import (
    ClipRequest,
    EditResult,
    GenerateRequest,
    InterpolateRequest,
    ProjectRequest,
    StylizeRequest,
    settings_of,
)


def make_recipe(result: EditResult) -> str:
    """Write down an edit as JSON: program, time, model with its weights' hash, and every setting.

    A picture that a network drew is marked as generated, also if it started from another one, and stays so marked
    whatever is done to it.

    The text goes into the file through ``ganedit.formats.save_picture`` and comes back through ``read_recipe``.
    """
    made, whole = _source_type(result), marked(result).images[0].source_type
    return json.dumps(
        {
            "program": f"ganedit {__version__}",
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "ai_edited": xmp.REWORKED in (made, whole),
            "ai_generated": whole == xmp.DRAWN,
            "model": result.model,
            "settings": settings_of(result.request),
        },
        ensure_ascii=False,
    )


def marked(result: EditResult) -> EditResult:
    """Give an edit whose pictures say how they were made, in IPTC's words; what they came from may say it louder."""
    made = _source_type(result)
    images = (replace(each, source_type=xmp.strongest(each.source_type, made)) for each in result.images)
    return replace(result, images=tuple(images))


def _source_type(result: EditResult) -> str:
    """Name the digital source type of an edit of a photograph.

    A fill without a network counts as adjusted: it continues what is around the hole, and nothing was trained. So does
    a style at strength 0, of which nothing is in the picture.
    """
    how = result.request.how if isinstance(result.request, ClipRequest) else result.request
    if "@" not in result.model or (isinstance(how, StylizeRequest) and how.strength == 0):
        return xmp.ADJUSTED
    is_new = isinstance(how, GenerateRequest | InterpolateRequest | ProjectRequest)
    return xmp.DRAWN if is_new else xmp.REWORKED
