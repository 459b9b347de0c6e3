"""The list of models that a tab offers."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.models.card import Task


def model_choices(engine: Engine, task: Task) -> list[tuple[Any, str]]:
    """List the models of a task as (shown, id): installed ones first, the others marked with an arrow."""
    rows = sorted(engine.registry.rows(task), key=lambda row: not row["installed"])
    return [(row["id"] if row["installed"] else f"{row['id']} ⤓", row["id"]) for row in rows]


def listed_again(choices: Sequence[tuple[Any, str]], chosen: str, default: str) -> Any:
    """Update a list of models, which the Models tab may have changed; ``default`` replaces a choice that is gone."""
    known = any(model_id == chosen for _, model_id in choices)
    return gr.update(choices=[*choices], value=chosen if known else default)
