"""One process or many: Hugging Face accelerate starts them, and says which one this is."""

from collections.abc import Sequence
from functools import cached_property

import torch
from accelerate import Accelerator
from torch import Tensor

from ganedit.models.loaded import bfloat16_is_faster


class Processes:
    """This process among those that train together; a plain ``python -m ganedit train`` is one alone."""

    def __init__(self) -> None:
        """Join the others, if ``accelerate launch`` started several."""
        # Left to itself, accelerate takes several processes without a GPU for strangers to each other.
        self._accelerator = Accelerator(cpu=not torch.accelerator.is_available())
        self.device: torch.device = self._accelerator.device
        self.rank: int = self._accelerator.process_index
        self.world: int = self._accelerator.num_processes

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files."""
        return self._accelerator.is_main_process

    @cached_property
    def half_is_faster(self) -> bool:
        """Whether bfloat16 pays on the device of any process; all get the same answer."""
        return self.any(bfloat16_is_faster(self.device.type))

    def share(self, batch: int) -> slice:
        """This process's part of a batch; parts of all processes one after the other are the batch."""
        return slice(batch * self.rank // self.world, batch * (self.rank + 1) // self.world)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over all processes."""
        if self.world == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        flat = self._accelerator.reduce(flat, "mean")
        assert isinstance(flat, Tensor)
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def mean(self, values: Tensor) -> Tensor:
        """Mean of a tensor over all processes."""
        if self.world > 1:
            values = values.clone()
            self.average([values])
        return values

    def gather(self, values: Tensor) -> Tensor:
        """Give the rows of all processes, one process after the other, apart from any graph."""
        rows = self._accelerator.gather(values.detach())
        assert isinstance(rows, Tensor)
        return rows

    def any(self, said: bool) -> bool:
        """Tell whether one of them says so; all get the same answer."""
        return bool(self.mean(torch.tensor(float(said), device=self.device)) > 0)

    def wait(self) -> None:
        """Go on when all processes are here."""
        self._accelerator.wait_for_everyone()
