"""What of a recipe may change when a run goes on, and what is to be said about it.

How long a run is, how often it writes and how it is watched decides none of its steps, so a run that is made longer is
the one that was that long from the start; except that learning rates which fall over the whole run fall anew.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ganedit.errors import BadRecipeError
from ganedit.training.config import TrainConfig

_MAY_CHANGE = (
    *("schedule.kimg", "schedule.tick_kimg", "schedule.snapshot_kimg"),
    *("compute.threads", "doctor.samples", "doctor.stop"),
)


def check_recipe(state: Mapping[str, Any], config: TrainConfig) -> None:
    """Refuse to go on where the result would be no run of this recipe.

    Args:
        state: of the run, with its ``recipe`` and ``nimg``.
        config: the recipe to go on with.

    Raises:
        BadRecipeError: something is different that decides the steps, or the run is longer already.
    """
    if isinstance(state["recipe"], str):  # of a run that was begun when the state held no more than a digest
        changed = [] if state["recipe"] == config.digest else ["an older version cannot tell in what"]
    else:
        changed = list(_changes(TrainConfig.from_dict(state["recipe"]), config))
    if changed:
        raise BadRecipeError(
            f"This run was begun with another recipe ({changed[0]}); resume with the same one, or start a new run."
        )
    schedule = config.schedule
    if state["nimg"] >= round(schedule.kimg * 1000) + schedule.batch:
        raise BadRecipeError(
            f"This run is at kimg {state['nimg'] / 1000:g} already, and {schedule.kimg:g} are asked for; give a larger "
            "schedule.kimg."
        )


def note_on(state: Mapping[str, Any], config: TrainConfig, machine: str) -> str:
    """Say in what the rest of a run will differ from one without a break; empty if in nothing.

    Args:
        state: of the run, with its ``recipe``, ``nimg`` and ``machine``.
        config: the recipe to go on with.
        machine: what it goes on with.
    """
    notes = []
    begun = state["recipe"]["schedule"]["kimg"] if isinstance(state["recipe"], Mapping) else config.schedule.kimg
    if begun != config.schedule.kimg and config.optimizer.lr_end != 1:
        notes.append(
            f"Up to kimg {state['nimg'] / 1000:g} the learning rates fell as in a run of {begun:g} kimg, from here on "
            f"they fall as in one of {config.schedule.kimg:g}."
        )
    if state.get("machine", machine) != machine:
        notes.append(
            f"The run was begun with {state['machine']} and goes on with {machine}: sums are rounded otherwise, so it "
            "is no longer bit for bit the run without a break."
        )
    return " ".join(notes)


def _changes(before: TrainConfig, after: TrainConfig) -> Iterator[str]:
    """What is different and must not be, one key after the other."""
    old, new = before.to_dict(), after.to_dict()
    for section, values in old.items():
        for key, value in values.items():
            if new[section][key] != value and f"{section}.{key}" not in _MAY_CHANGE:
                yield f"{section}.{key} was {value}, not {new[section][key]}"
