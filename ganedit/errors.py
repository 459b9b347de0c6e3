"""Every error that ganedit raises on purpose.

Each message is one sentence that says what is wrong and what to do; the page shows it as a toast and the command line
prints it and exits with 2.
"""

import re
from typing import Any

_ECHO_LETTERS = 200
_MESSAGE_LETTERS = 800
_LONG_WORD = re.compile(rf"\S{{{_ECHO_LETTERS + 1},}}")


def cut(value: Any, letters: int = _ECHO_LETTERS) -> str:
    """Give what came from outside as text for a sentence or a log: of a long one, how it begins and ends.

    Args:
        value: anything; what somebody sent may have millions of letters.
        letters: at most so many come back.
    """
    text = str(value)
    if len(text) <= letters:
        return text
    head, tail = letters // 2, (letters - 1) // 2
    return f"{text[:head]}…{text[-tail:]}"


def cut_message(text: str) -> str:
    """Shorten a whole message, whatever was put into it: its long words, then its middle."""
    return _LONG_WORD.sub(lambda word: cut(word[0]), cut(text, _MESSAGE_LETTERS))


class UserError(ValueError):
    """Something the caller can mend. Base of every error raised on purpose.

    Its sentence is cut here, so that no value that is put into one comes back, or goes into a log, at any length.
    """

    def __init__(self, *args: Any) -> None:
        """Take the sentence. Only plain text is cut: the page's HTML has its values cut before they become HTML."""
        super().__init__(*(cut_message(arg) if type(arg) is str else arg for arg in args))


class BadImageError(UserError):
    """A file is not a picture that can be opened, or is too large."""


class BadRequestError(UserError):
    """The settings of an edit contradict each other or are out of range."""


class TooLargeError(BadRequestError):
    """The result would be larger than is made here."""


class BadMaskError(UserError):
    """A mask does not fit its picture, or marks nothing or everything."""


class UnknownModelError(UserError):
    """No model of that id is in the catalogue or in the weights folder."""


class WeightsUnavailableError(UserError):
    """A model's weights could be had from none of its sources."""


class LicenseNotAcceptedError(UserError):
    """A non-commercial model was asked for without confirming its licence."""


class BadCheckpointError(UserError):
    """A weight file is damaged, hostile or of an unknown kind."""


class BadDataError(UserError):
    """A set of pictures cannot be read, or there are none in it."""


class BadRecipeError(UserError):
    """A training recipe has an unknown key, or a value of the wrong type or out of range."""


class TrainingFailedError(UserError):
    """A training run broke down and did not recover."""


class StoppedError(Exception):
    """Somebody stopped the work, which is no fault; a sentence with it says what was done by then."""
