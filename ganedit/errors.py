"""Every error that ganedit raises on purpose.

Each message is one sentence that says what is wrong and what to do; the page shows it as a toast and the command line
prints it and exits with 2.
"""


class UserError(ValueError):
    """Something the caller can mend. Base of every error raised on purpose."""


class BadImageError(UserError):
    """A file is not a picture that can be opened, or is too large."""


class BadRequestError(UserError):
    """The settings of an edit contradict each other or are out of range."""


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
