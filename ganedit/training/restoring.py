"""Training of an upscaler: it starts from damaged small pictures instead of z, and D compares with the sharp ones.

Every small picture has its original, so pixels and features hold G to it, and D only decides about what they leave
open: texture. Frozen features are computed once a step for D, for G and for the distance.

Source: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.4, with D and the features of Projected GANs,
arXiv:2111.01007.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganedit.models.archs.span import Span
from ganedit.models.features import load_efficientnet_lite0
from ganedit.models.upscaler_starts import started
from ganedit.training.config import TrainConfig
from ganedit.training.damage import damage
from ganedit.training.data import Dataset, to_network
from ganedit.training.discriminators import WORKING_PX, ProjectedDiscriminator
from ganedit.training.processes import Processes
from ganedit.training.reconstruction import feature_distance, pixel_distance
from ganedit.training.repainting import edge_distance
from ganedit.training.trainer import Trainer

PATCH_PX = 192
"""Side of the sharp patches; D sees ``WORKING_PX`` of them, where the border of what G was given has no say."""

_LOST = 4.0  # times the usual distance by pixels, above which the step was a stumble
_USUAL_MEMORY = 0.99
_SHOWN = 42  # seed of the damage that samples are made from


class RestoreTrainer(Trainer):
    """Trains an upscaler; a batch is sharp pictures, which are damaged on the spot."""

    def __init__(self, config: TrainConfig, dataset: Dataset, processes: Processes) -> None:
        """Build everything; arguments and errors as for `Trainer`."""
        super().__init__(config, dataset, processes)
        self._usual = 0.0

    def _networks(self) -> tuple[nn.Module, nn.Module]:
        made = self.config.generator
        judge = ProjectedDiscriminator(load_efficientnet_lite0(), WORKING_PX, 0, self.config.schedule.seed)
        return started(made.width) if made.start != "nothing" else Span(made.width), judge

    def inputs(self, count: int) -> Tensor:
        """Give (count, 3, 48, 48) damaged patches in [0, 1], always the same, spread over the data."""
        chosen = np.linspace(0, len(self.dataset) - 1, count).round().astype(np.int64)
        sharp = to_network(np.asarray(self.dataset.images[chosen]), "cpu")[..., :PATCH_PX, :PATCH_PX]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_SHOWN)
            return damage((sharp + 1) / 2, Span.scale).to(self.processes.device)

    def sample(self, start: Tensor, condition: Tensor | None) -> Tensor:
        """Give what the averaged upscaler makes of damaged patches, in [-1, 1]."""
        return self.ema.module(start).float() * 2 - 1

    def _incoming(self, images: Any) -> Tensor:
        """(n, 3, 192, 192) in [-1, 1]: any patch of each picture, in any of four positions."""
        patches = []
        for picture in to_network(images, "cpu"):
            top, left = torch.randint(picture.shape[-1] - PATCH_PX + 1, (2,)).tolist()
            patch = picture[:, top : top + PATCH_PX, left : left + PATCH_PX]
            patches.append(patch.transpose(1, 2) if torch.rand(()) < 0.5 else patch)
        return torch.stack(patches)

    def _latents(self, count: int) -> Tensor:
        """There are none: what G starts from is made of the real pictures."""
        return torch.empty(count)

    def _train_discriminator(self, real: Tensor, z: Tensor, condition: Tensor | None) -> dict[str, Tensor]:
        """Enlarge damaged patches, and train D on what the frozen network sees; G's half of the step goes on there."""
        small = damage((real + 1) / 2, Span.scale).to(self.processes.device)
        self._real = real.to(self.processes.device)
        top, left = torch.randint(PATCH_PX - WORKING_PX + 1, (2,)).tolist()
        window = (..., slice(top, top + WORKING_PX), slice(left, left + WORKING_PX))
        judge = self._judge_of_features()
        with self.precision():
            self._fake = self.generator(small).float() * 2 - 1
            self._seen = judge.see(self._fake[window])
            with torch.no_grad():
                self._wanted = judge.see(self._real[window])
            real_logits = judge.judge(self._wanted).float()
            fake_logits = judge.judge([each.detach() for each in self._seen]).float()
        loss = self.loss.discriminator(real_logits, fake_logits).mean()
        return self._judged(loss, real_logits, fake_logits)

    def _train_generator(self, real: Tensor, z: Tensor, condition: Tensor | None) -> dict[str, Tensor]:
        weights, judge = self.config.loss, self._judge_of_features()
        judge.requires_grad_(False)
        with self.precision():
            logits = judge.judge(self._seen).float()
            with torch.no_grad():
                real_logits = judge.judge(self._wanted).float() if self.loss.pairs else logits
        pixels = pixel_distance(self._fake, self._real).mean()
        apart = weights.pixels * pixels + weights.edges * edge_distance(self._fake, self._real).mean()
        features = feature_distance(self._seen, self._wanted).mean()
        loss = apart + weights.perceptual * features
        if not self._copies:
            loss = loss + weights.adversarial * self.loss.generator(logits, real_logits).mean()
        norm = self._update(0, self.generator, loss)
        judge.requires_grad_(True)
        said = {"loss_g": loss.detach(), "pixels": pixels.detach(), "perceptual": features.detach()}
        return {name: self.processes.mean(value) for name, value in said.items()} | {"grad_norm_g": norm}

    def step(self, images: Any, indices: Any, nimg: int) -> dict[str, Tensor]:
        """Train D, then G; at first G hears nothing of D.

        A step whose pictures are far from the originals counts as skipped, so that a run that has stumbled goes back.
        """
        self._copies = nimg < self.config.loss.copy_kimg * 1000
        said = super().step(images, indices, nimg)
        pixels = float(said["pixels"])
        if self._usual and not pixels < _LOST * self._usual:
            said["skipped"] = torch.ones_like(said["skipped"])
        else:
            self._usual = _USUAL_MEMORY * (self._usual or pixels) + (1 - _USUAL_MEMORY) * pixels
        return said

    def _judge_of_features(self) -> ProjectedDiscriminator:
        assert isinstance(self.discriminator, ProjectedDiscriminator)
        return self.discriminator

    def state_dict(self) -> dict[str, Any]:
        """Give everything that a resumed run needs."""
        return {**super().state_dict(), "usual": self._usual}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from an earlier state of the same recipe and data."""
        super().load_state_dict(state)
        self._usual = float(state["usual"])
