"""Sentences of the painter, the canvas on which a mask is drawn. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {}
