"""How long one edit may take on a server that strangers use."""

from ganedit.errors import BadRequestError

PUBLIC_LIMIT_SECONDS = 600.0
"""Longest edit on a public server, where one caller would otherwise keep everybody waiting."""


def check_duration(needed_seconds: float, limit_seconds: float | None) -> None:
    """Refuse an edit that cannot end in time.

    Args:
        needed_seconds: time spent so far and expected from here on.
        limit_seconds: None does not limit.

    Raises:
        BadRequestError: it takes longer than allowed.
    """
    if limit_seconds is not None and needed_seconds > limit_seconds:
        raise BadRequestError(
            f"This would take about {needed_seconds / 60:.0f} minutes, more than the {limit_seconds / 60:.0f} "
            "allowed here; send a smaller picture or choose a faster model."
        )
