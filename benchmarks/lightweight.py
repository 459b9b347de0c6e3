"""The trainer of lightweight-gan (FastGAN's method; MIT) on a processor, which its own program refuses."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn


class Peer:
    """Its ``Trainer`` with its command line's settings, called step by step as its command line does.

    It asks for CUDA when it is imported, and moves everything there by name; here those moves stay where they are.
    Nothing else of it is changed.
    """

    def __init__(
        self, pictures: Path, out: Path, side_px: int, batch: int, fmap_max: int, *, attention_px: list[int]
    ) -> None:
        """Set it up.

        Args:
            pictures: folder of pictures.
            out: folder for what it writes.
            side_px: side of the pictures in pixels.
            batch: pictures of a step.
            fmap_max: the most channels of a map, which decides the number of its parameters.
            attention_px: sides of the maps that both networks have attention on; D's small branch always has it.
        """
        with patch.object(torch.cuda, "is_available", lambda: True):
            self._program: Any = import_module("lightweight_gan.lightweight_gan")
        with _on_processor(self._program):
            self._trainer = self._program.Trainer(
                base_dir=out,
                image_size=side_px,
                batch_size=batch,
                fmap_max=fmap_max,
                attn_res_layers=attention_px,
                disc_output_size=1,
                aug_types=["cutout", "translation"],
                use_aim=False,
            )
            self._trainer.set_data_src(pictures)
            self._trainer.init_GAN()
        self._trainer.steps = 1  # its step 0 draws sample sheets

    @torch.no_grad()
    def draw(self, count: int) -> np.ndarray:
        """Draw (count, side, side, 3) uint8 pictures with its averaged generator, as its own program does."""
        network, drawn = self._trainer.GAN.GE.eval(), []
        chance = torch.Generator().manual_seed(0)
        for start in range(0, count, self._trainer.batch_size):
            z = torch.randn(
                min(self._trainer.batch_size, count - start), self._trainer.GAN.latent_dim, generator=chance
            )
            drawn.append((network(z).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())
        return np.concatenate(drawn)

    @property
    def parameters(self) -> int:
        """How many numbers it trains."""
        return count_trained(self._trainer.GAN.G, self._trainer.GAN.D)

    def step(self) -> None:
        """Train D, then G, on the next batch."""
        with _on_processor(self._program):
            self._trainer.train()


def count_trained(*networks: nn.Module) -> int:
    """Count the parameters that are trained."""
    parameters = [parameter for network in networks for parameter in network.parameters()]
    return sum(parameter.numel() for parameter in parameters if parameter.requires_grad)


class _Torch:
    """Torch, but for devices, which are all the processor."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    def device(self, _name: str) -> torch.device:
        return torch.device("cpu")


@contextmanager
def _on_processor(program: Any) -> Iterator[None]:
    def stay(self: Any, _rank: int) -> Any:
        return self

    with ExitStack() as stack:
        for owner in (Tensor, nn.Module):
            stack.enter_context(patch.object(owner, "cuda", stay))
        stack.enter_context(patch.object(program, "torch", _Torch()))
        yield
