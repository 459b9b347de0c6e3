"""Values of a recipe: what each may be, read off its declared type, and how a wrong one is told."""

from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ganedit.errors import BadRecipeError

_LONGEST_LIST = 16


@dataclass(frozen=True)
class Range:
    """The smallest and the largest value of a key, both allowed."""

    low: float
    high: float


def checked(name: str, value: Any, hint: Any) -> Any:
    """Give the value in its declared type.

    Args:
        name: ``section.key``, for the sentence.
        value: as read from a file or typed.
        hint: a ``Literal``, ``bool``, a number ``Annotated`` with a ``Range``, a union of such, or a tuple of one.

    Raises:
        BadRecipeError: it is nothing of that.
    """
    if get_origin(hint) is tuple:
        items = value if isinstance(value, list | tuple) else [value]
        if len(items) > _LONGEST_LIST:
            raise BadRecipeError(f"{name} must have at most {_LONGEST_LIST} entries, not {len(items)}.")
        return tuple(checked(name, item, get_args(hint)[0]) for item in items)
    for kind in _kinds(hint):
        if (fit := _fitted(value, kind)) is not None:
            return fit
    allowed = " or ".join(_allowed(kind) for kind in _kinds(hint))
    raise BadRecipeError(f"{name} must be {allowed}, not {shown(value)}.")


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _fitted(value: Any, kind: Any) -> Any:
    """Give the value as one kind of type declares it; None if it does not fit."""
    if get_origin(kind) is Literal:
        return next((each for each in get_args(kind) if type(each) is type(value) and each == value), None)
    if kind is bool:
        return value if isinstance(value, bool) else None
    number, limits = get_args(kind)
    wanted = (int, float) if number is float else (int,)
    fits = type(value) in wanted and limits.low <= value <= limits.high
    return number(value) if fits else None


def _allowed(kind: Any) -> str:
    if get_origin(kind) is Literal:
        names = [str(each) for each in get_args(kind)]
        return f"one of {', '.join(names)}" if len(names) > 1 else names[0]
    if kind is bool:
        return "true or false"
    number, limits = get_args(kind)
    return f"a {'whole ' if number is int else ''}number from {limits.low} to {limits.high}"


def shown(value: Any) -> str:
    """Quote a stranger's value, short and on one line."""
    text = value.strip() if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"' if isinstance(value, str) else text
