"""Sentences of the Inpaint tab. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {}
