"""One step of the adversarial game, and everything whose state a run is made of."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ganedit.errors import BadRecipeError
from ganedit.models.archs import DISCRIMINATORS, GENERATORS
from ganedit.models.features import load_efficientnet_lite0
from ganedit.training.augment import AdaptiveStrength, Augment
from ganedit.training.clipping import Clipper
from ganedit.training.conditions import Conditions
from ganedit.training.config import TrainConfig
from ganedit.training.data import Dataset, to_network
from ganedit.training.discriminators import ProjectedDiscriminator
from ganedit.training.ema import Ema
from ganedit.training.losses import LOSSES
from ganedit.training.penalties import gradient_penalty, likeness_penalty, r1_penalty, r2_penalty
from ganedit.training.processes import Processes
from ganedit.training.recognition import Recognizer, look_at
from ganedit.training.reconstruction import feature_distance, pixel_distance
from ganedit.training.remembering import visual_codes

PROJECTED = "projected"
_LOOK_PX = 16
_SAMPLES = 20  # seed of the samples' z
_OTHER_CHANCE = 1_000_003  # apart enough that no two seeds of a recipe meet


class Trainer:
    """The two networks, their optimizers, the average and the augmentation.

    Chance is drawn anew at every step from the recipe's seed and the images seen, never carried along: that is why a
    resumed run repeats the straight one bit for bit.

    Attributes:
        half: compute in bfloat16. A resumed run keeps it: what ``auto`` measures may turn out otherwise next time.
        rollbacks: how often the run went back to an earlier state. Each time the learning rates are halved and chance
            is another, or the same would happen again.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset, processes: Processes) -> None:
        """Build everything; the same recipe and data give the same weights.

        Args:
            config: the recipe.
            dataset: pictures of the recipe's resolution.
            processes: this process among those that train together.

        Raises:
            BadRecipeError: the networks cannot be built as the recipe says.
        """
        self.config, self.dataset, self.processes = config, dataset, processes
        self.loss = LOSSES[config.loss.name]
        self.conditions = Conditions(config.data.condition, dataset)
        self.c_dim = self.conditions.c_dim
        torch.manual_seed(config.schedule.seed)
        try:
            self.generator, self.discriminator = self._networks()
        except (ValueError, TypeError) as error:
            raise BadRecipeError(f"The recipe's networks cannot be built: {error}") from error
        layout: Any = {"memory_format": torch.channels_last}
        for network in (self.generator, self.discriminator):
            network.train().to(processes.device).to(**layout)
        wanted = config.compute.precision
        self.half = wanted == "bfloat16" or (wanted == "auto" and processes.half_is_faster)
        self._remember()
        self.ema = Ema(self.generator, config.schedule.ema_kimg)
        self.optimizers = [self._optimizer(network) for network in (self.generator, self.discriminator)]
        self.augment = Augment(config.augment.policy)
        fixed = config.augment.p if config.augment.p != "adaptive" else 0.0
        self.strength = AdaptiveStrength(config.augment.target, config.augment.speed_kimg, float(fixed))
        self.clippers = [Clipper(config.optimizer.clip) for _ in self.optimizers]
        self.rollbacks = 0
        self.recognizer = self._recognizer()

    def _networks(self) -> tuple[nn.Module, nn.Module]:
        config, resolution = self.config, self.config.data.resolution
        shape = {"resolution": resolution, "c_dim": self.c_dim, "channels": self.dataset.channels}
        made = config.generator
        own = _own(made.arch, made.width, made.blocks)
        if made.arch == "fastgan":
            own = {"widths": made.widths or None, "layout_from_z": made.layout_from_z}
            own |= {"embed_dim": made.memory, "memory": len(self.dataset)} if made.memory else {}
        generator = GENERATORS[made.arch](z_dim=made.z_dim, **shape, **own)
        judging = config.discriminator
        if judging.arch == PROJECTED:
            features = load_efficientnet_lite0()
            c_dim = 0 if config.loss.recognition else self.c_dim
            return generator, ProjectedDiscriminator(features, resolution, c_dim, config.schedule.seed)
        return generator, DISCRIMINATORS[judging.arch](**shape, **_own(judging.arch, judging.width, judging.blocks))

    def _remember(self) -> None:
        """Let a generator's memory start from what the pictures are called and what they look like."""
        length = self.config.generator.memory
        if length:
            device = self.processes.device
            texts = torch.from_numpy(self.conditions.texts()).to(device)
            memory: Any = self.generator.get_submodule("latent.embedding")
            memory.fill(texts, visual_codes(self.dataset, self.features, length, device))

    def _recognizer(self) -> Recognizer | None:
        """Fit the classifier of a recipe that has one, to pictures as G's will be when they are judged."""
        judge, dataset = self.discriminator, self.dataset
        if not (self.config.loss.recognition and isinstance(judge, ProjectedDiscriminator)):
            return None

        def describe(pictures: Tensor) -> Tensor:
            with self.precision():
                return judge.describe(self.augment(self._flipped(pictures), 1.0))

        features, labels = look_at(dataset, describe, self.processes.device)
        recognizer = Recognizer(features.shape[1], self.c_dim).to(features)
        recognizer.fit(features, labels)
        return recognizer

    def _optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        chosen = self.config.optimizer
        learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
        rate = chosen.lr_g if network is self.generator else chosen.lr_d
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[chosen.name]
        betas = (chosen.beta1, chosen.beta2)
        return kind(learned, lr=rate, betas=betas, weight_decay=chosen.weight_decay, fused=True)

    # -------------------------------------------------------------------- step

    def step(self, images: Any, indices: Any, nimg: int) -> dict[str, Tensor]:
        """Train D, then G, on one batch.

        Args:
            images: (n, R, R, C) uint8, this process's share of the batch.
            indices: (n,) int64, where they stand in the data set.
            nimg: images seen before this step.

        Returns:
            Scalars, not yet on the CPU: loss_g, loss_d, real_sign, fake_sign, grad_norm_g, grad_norm_d, and skipped,
            the share of the two updates that were left out because their gradients were no finite numbers.
        """
        self._set_rates(nimg)
        chance = _mix(self.config.schedule.seed + self.rollbacks * _OTHER_CHANCE, nimg)
        torch.manual_seed(chance)
        real = self._flipped(self._incoming(images))
        condition = self._withhold(self.condition(indices, chance), nimg)
        z = self._latents(2)
        said = self._train_discriminator(real, z[0], condition)
        said |= self._train_generator(real, z[1], condition)
        norms = torch.stack([said["grad_norm_g"], said["grad_norm_d"]])
        said["skipped"] = 1 - norms.isfinite().float().mean()
        self.ema.update(self.generator, self.config.schedule.batch, nimg)
        return said

    def _incoming(self, images: Any) -> Tensor:
        return to_network(images, self.processes.device)

    def _flipped(self, pictures: Tensor) -> Tensor:
        if not self.config.data.flip:
            return pictures
        return torch.where(
            torch.rand(len(pictures), 1, 1, 1, device=pictures.device) < 0.5, pictures.flip(-1), pictures
        )

    def _latents(self, count: int) -> Tensor:
        """(count, n, z_dim) for this process; all processes draw the whole batch and take their share."""
        batch = self.config.schedule.batch
        z = torch.randn(count, batch, self.config.generator.z_dim)
        return z[:, self.processes.share(batch)].to(self.processes.device)

    def inputs(self, count: int) -> Tensor:
        """Give (count, z_dim), always the same: what the samples of a run start from."""
        chance = torch.Generator().manual_seed(_SAMPLES)
        return torch.randn(count, self.config.generator.z_dim, generator=chance).to(self.processes.device)

    def sample(self, start: Tensor, condition: Tensor | None) -> Tensor:
        """Give pictures of the averaged generator in [-1, 1], from some of `inputs`."""
        return self.ema.module(start, condition).float()

    def condition(self, indices: Any, chance: int = 0) -> Tensor | None:
        """(n, c_dim) of what the networks are told about pictures, or None; chance chooses among several captions."""
        condition = self.conditions.of(indices, chance)
        return None if condition is None else torch.from_numpy(condition).to(self.processes.device)

    def _withhold(self, condition: Tensor | None, nimg: int) -> Tensor | None:
        """Replace some conditions by zeros, all of them at first.

        Few pictures a class make a conditional game collapse to one picture each; what G has learned from the free
        game, where z alone decides, keeps it from that.
        Source: Shahbazi et al. 2022, "Collapse by Conditioning", arXiv:2201.06578, section 4, by shares of the
            pictures instead of a weight.
        """
        data, batch = self.config.data, self.config.schedule.batch
        begun = min(1.0, nimg / (data.withhold_kimg * 1000)) if data.withhold_kimg else 1.0
        share = 1 + (data.withhold - 1) * begun
        if condition is None or not share:
            return condition
        told = (torch.rand(batch) >= share)[self.processes.share(batch)]
        return condition * told[:, None].to(condition)

    def _train_discriminator(self, real: Tensor, z: Tensor, condition: Tensor | None) -> dict[str, Tensor]:
        weights = self.config.loss
        with torch.no_grad(), self.precision():
            fake = self.generator(z, condition)
        real = real.detach().requires_grad_(weights.r1)
        fake = fake.detach().requires_grad_(weights.r2)
        with self.precision():
            real_logits = self._judge(real, condition)
            fake_logits = self._judge(fake, condition)
        loss = self.loss.discriminator(real_logits, fake_logits).mean()
        if weights.r1:
            loss = loss + weights.gamma / 2 * r1_penalty(real_logits, real).mean()
        if weights.r2:
            loss = loss + weights.gamma / 2 * r2_penalty(fake_logits, fake).mean()
        if weights.gp:
            loss = loss + weights.gamma / 2 * gradient_penalty(self.discriminator, real, fake, condition).mean()
        return self._judged(loss, real_logits, fake_logits)

    def _judged(self, loss: Tensor, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """Let D descend, and say how it judges."""
        norm = self._update(1, self.discriminator, loss)
        real_logits, fake_logits = self.processes.gather(real_logits), self.processes.gather(fake_logits)
        if self.loss.pairs:  # only differences of logits mean something: put the zero half-way
            zero = (real_logits.mean() + fake_logits.mean()) / 2
            real_logits, fake_logits = real_logits - zero, fake_logits - zero
        if self.config.augment.p == "adaptive" and self.config.augment.policy:
            self.strength.observe(real_logits)
        signs = {"real_sign": real_logits.sign().mean(), "fake_sign": fake_logits.sign().mean()}
        return {"loss_d": self.processes.mean(loss.detach()), "grad_norm_d": norm, **signs}

    def _train_generator(self, real: Tensor, z: Tensor, condition: Tensor | None) -> dict[str, Tensor]:
        self.discriminator.requires_grad_(False)
        likeness, asked = self.config.loss.likeness, condition
        if likeness and condition is not None:  # two pictures of each condition
            asked = torch.cat([condition[: len(z) // 2], condition[: (len(z) + 1) // 2]])
        with self.precision():
            fake = self.generator(z, asked)
            fake_logits, apart = self._judge_against(fake, z, real, asked)
            with torch.no_grad():
                real_logits = self._judge(real.detach(), condition) if self.loss.pairs else fake_logits.detach()
        loss = self.config.loss.adversarial * self.loss.generator(fake_logits, real_logits).mean() + apart.mean()
        if likeness:
            loss = loss + likeness * likeness_penalty(fake, real).mean()
        norm = self._update(0, self.generator, loss)
        self.discriminator.requires_grad_(True)
        return {"loss_g": self.processes.mean(loss.detach()), "grad_norm_g": norm}

    def _judge(self, pictures: Tensor, condition: Tensor | None) -> Tensor:
        told = None if self.recognizer else condition
        return self.discriminator(self.augment(pictures, self.strength.p), told).float()

    def _judge_against(
        self, fake: Tensor, start: Tensor, real: Tensor, condition: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Give D's logits for fakes, and (n,) how far they are from what they should be."""
        weights, judge = self.config.loss, self.discriminator
        apart = weights.pixels * pixel_distance(fake, real) if weights.pixels else fake.new_zeros(len(fake))
        if not isinstance(judge, ProjectedDiscriminator) or not (weights.perceptual or weights.recognition):
            return self._judge(fake, condition), apart
        seen = judge.see(self.augment(fake, self.strength.p))  # once for all that look at it
        if self.recognizer and condition is not None:
            said = self.recognizer.surprise(judge.means(seen), condition)
            return judge.judge(seen).float(), apart + weights.recognition * said
        with torch.no_grad():
            wanted = judge.see(real)  # there is no augmentation here, the recipe sees to that
        return judge.judge(seen, condition).float(), apart + weights.perceptual * feature_distance(seen, wanted)

    def _update(self, which: int, network: nn.Module, loss: Tensor) -> Tensor:
        """Descend, with gradients averaged over all processes; gives their norm as it was before clipping."""
        optimizer = self.optimizers[which]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        self.processes.average(gradients)
        norm = torch.nn.utils.get_total_norm(gradients)
        if torch.isfinite(norm):  # one bad batch must not poison the weights
            self.clippers[which].clip(gradients, float(norm))
            optimizer.step()
        return norm.detach()

    @contextmanager
    def precision(self) -> Iterator[None]:
        """Compute in this run's precision inside of it."""
        with torch.autocast(self.processes.device.type, dtype=torch.bfloat16, enabled=self.half):
            yield

    def _set_rates(self, nimg: int) -> None:
        """Let the learning rates fall along half a cosine over the whole run."""
        chosen = self.config.optimizer
        done = min(1.0, nimg / (self.config.schedule.kimg * 1000))
        share = chosen.lr_end + (1 - chosen.lr_end) * 0.5 * (1 + math.cos(math.pi * done))
        share *= 0.5**self.rollbacks
        for optimizer, rate in zip(self.optimizers, (chosen.lr_g, chosen.lr_d), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share

    def is_finite(self) -> bool:
        """Whether all that is kept is finite: a batch norm remembers a bad batch even if no step was made."""
        kept = [value for value in self.ema.state_dict().values() if value.is_floating_point()]
        return bool(torch.stack([value.isfinite().all() for value in kept]).all())

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """What two pictures are compared by: what the frozen network sees, where there is one, else their colors.

        Args:
            pictures: (N, C, R, R) in [-1, 1].

        Returns:
            (N, D) float32.
        """
        if isinstance(self.discriminator, ProjectedDiscriminator):
            with self.precision():
                return self.discriminator.describe(pictures).float()
        return nn.functional.adaptive_avg_pool2d(pictures.float(), min(_LOOK_PX, pictures.shape[-1])).flatten(1)

    # ------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, Any]:
        """Give everything that a resumed run needs, without the parts that never change."""
        fixed = ("features.", "mixing.")
        judge = {key: value for key, value in self.discriminator.state_dict().items() if not key.startswith(fixed)}
        return {
            "generator": self.generator.state_dict(),
            "discriminator": judge,
            "ema": self.ema.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "strength": self.strength.state_dict(),
            "clippers": [clipper.state_dict() for clipper in self.clippers],
            "half": self.half,
            "rollbacks": self.rollbacks,
            "recognizer": self.recognizer.state_dict() if self.recognizer else {},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from an earlier state of the same recipe and data."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(self.discriminator.state_dict() | state["discriminator"])
        self.ema.load_state_dict(state["ema"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.strength.load_state_dict(state["strength"])
        for clipper, saved in zip(self.clippers, state["clippers"], strict=True):
            clipper.load_state_dict(saved)
        self.half = bool(state["half"])
        self.rollbacks = int(state["rollbacks"])
        if self.recognizer:
            self.recognizer.load_state_dict(state["recognizer"])


def _own(arch: str, width: int, blocks: int) -> dict[str, Any]:
    """Give the arguments that an architecture takes besides the picture's shape."""
    return {"width": width, "blocks": blocks} if arch == "r3gan" else {"width": width}


def _mix(seed: int, nimg: int) -> int:
    """Give every step its own seed; neighbors must not be alike."""
    return (seed * 0x9E3779B97F4A7C15 + nimg * 0xBF58476D1CE4E5B9) % (1 << 63)
