"""Gradient clipping by measured need: only steps far above what is usual for this network are shortened."""

from typing import Any

from torch import Tensor

_MEMORY = 0.98  # of the usual norm, a step
_LEARNING_STEPS = 50


class Clipper:
    """Knows the usual gradient norm of one network, and limits a gradient to a multiple of it.

    A fixed limit would have to be found anew for every network and loss: norms differ by powers of ten between them.
    """

    def __init__(self, times: float) -> None:
        """Choose the largest norm, in multiples of the usual one; 0 for no limit."""
        self._times = times
        self._usual = 0.0
        self._steps = 0

    def clip(self, gradients: list[Tensor], norm: float) -> bool:
        """Shorten gradients in place if they are too long; tells whether they were.

        Args:
            gradients: of all parameters of the network.
            norm: their joint norm, finite.
        """
        limit = self._times * self._usual
        clipped = bool(self._times) and self._steps >= _LEARNING_STEPS and norm > limit
        if clipped:
            for gradient in gradients:
                gradient.mul_(limit / norm)
        keep = min(_MEMORY, self._steps / (self._steps + 1))
        self._usual = keep * self._usual + (1 - keep) * (limit if clipped else norm)
        self._steps += 1
        return clipped

    def state_dict(self) -> dict[str, Any]:
        """Give what a resumed run needs."""
        return {"usual": self._usual, "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from an earlier state."""
        self._usual, self._steps = float(state["usual"]), int(state["steps"])
