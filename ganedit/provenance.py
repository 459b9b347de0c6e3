"""The record of what was done to a picture, kept inside its file."""

import json
from datetime import UTC, datetime

from ganedit import __version__
from ganedit.requests import EditResult, GenerateRequest, InterpolateRequest, ProjectRequest, settings_of


def make_recipe(result: EditResult) -> str:
    """Write down an edit as JSON: program, time, model with its weights' hash, and every setting.

    A picture that a network drew is marked as generated, also if it started from another one.

    The text goes into the file through ``ganedit.image.save_picture`` and comes back through ``read_recipe``.
    """
    is_new = isinstance(result.request, GenerateRequest | InterpolateRequest | ProjectRequest)
    by_network = "@" in result.model
    return json.dumps(
        {
            "program": f"ganedit {__version__}",
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "ai_edited": by_network and not is_new,
            "ai_generated": by_network and is_new,
            "model": result.model,
            "settings": settings_of(result.request),
        },
        ensure_ascii=False,
    )
