"""The one way to call a network: check, pad, choose the precision, run, clamp, crop."""

import threading
import time
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.card import ModelCard
from ganedit.models.fast import optimize
from ganedit.requests import Precision

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

_EXACT_REACH_PX = 40
"""Up to this reach tiles overlap by all of it, and fit their neighbors exactly."""

LONG_RANGE_OVERLAP_PX = 16
"""What lies farther away changes a deep super-resolution network's output by 0.4 parts in 255 on average."""


class LoadedModel:
    """A network in memory, ready to be called from several threads.

    Attributes:
        card: what is known about it.
        digest: SHA-256 of its weights file.
        overlap_px: how far, in input pixels, a tile must look beyond its edge for its result to fit its neighbor's.
    """

    def __init__(self, card: ModelCard, digest: str, build: Callable[[], nn.Module]) -> None:
        """Keep the recipe for the network; it is built when a precision is first asked for.

        Args:
            card: gives the size rule and the scale.
            digest: SHA-256 of the weights, for the record.
            build: makes the network in float32 on the CPU.
        """
        self.card = card
        self.digest = digest
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._build = build
        self._lock = threading.Lock()
        self._networks: dict[torch.dtype, nn.Module] = {}
        network = build()
        self.overlap_px = _overlap_of(network)
        self.bytes = sum(tensor.nbytes for tensor in network.state_dict().values()) or card.size_bytes or 0

    @torch.no_grad()  # inference mode would hand out tensors that the caller may not write to
    def image(self, x: Tensor, precision: Precision = "auto") -> tuple[Tensor, bool]:
        """Run the network on pictures.

        Args:
            x: (N, 3, H, W) float32 RGB in [0, 1].
            precision: ``auto`` takes bfloat16 where a trial on this machine showed it to be faster.

        Returns:
            (N, 3, H * scale, W * scale) float32 in [0, 1], on the CPU, and whether it had to be computed again in
            float32 because the lower precision gave values that are not finite.
        """
        dtype = self.dtype_for(precision)
        y = self._run(x, dtype)
        if dtype != torch.float32 and not torch.isfinite(y.sum()):  # one bad value spoils the sum
            return self._run(x, torch.float32).nan_to_num_(0.0).clamp_(0, 1), True
        return y.clamp_(0, 1), False

    @torch.no_grad()
    def masked(self, x: Tensor, mask: Tensor) -> Tensor:
        """Fill a hole. What lies under the mask has no influence whatever, and known pixels come back as they are.

        Args:
            x: (1, 3, H, W) float32 RGB in [0, 1]; 512 x 512, or whatever ``card.size.native`` asks for.
            mask: (1, 1, H, W) float32, exactly 1.0 = fill, else 0.0.

        Returns:
            (1, 3, H, W) float32 in [0, 1], on the CPU.
        """
        network = self._network(torch.float32)
        weight = next(network.parameters(), None)
        device = "cpu" if weight is None else weight.device  # onnxruntime and OpenCV stay on the CPU
        y = network((x * (1 - mask)).to(device), mask.to(device))
        return torch.where(mask > 0, y.to("cpu", torch.float32).nan_to_num_(0.0).clamp_(0, 1), x)

    def dtype_for(self, precision: Precision) -> torch.dtype:
        """The number format that a precision means for this network on this machine."""
        if precision != "auto":
            return _DTYPES[precision]
        return torch.bfloat16 if bfloat16_is_faster(self.device.type) else torch.float32

    def _run(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        network = self._network(dtype)
        height, width = x.shape[-2:]
        x = _pad(x, self.card.size.minimum, self.card.size.multiple_of)
        y = network(x.to(self.device))
        y = y[0] if isinstance(y, tuple) else y  # some restorers also return an estimate of the damage
        y = y[..., : height * self.card.scale, : width * self.card.scale]
        return y.to("cpu", torch.float32, memory_format=torch.contiguous_format)

    def _network(self, dtype: torch.dtype) -> nn.Module:
        with self._lock:
            if dtype not in self._networks:
                network = self._build().eval().requires_grad_(False).to(self.device)
                # Networks with a mask compute Fourier transforms or run outside of torch: they stay as they are.
                self._networks[dtype] = network if self.card.task == "inpaint" else optimize(network, dtype)
            return self._networks[dtype]


@cache
def bfloat16_is_faster(device: str) -> bool:
    """Time one convolution in both formats, once per process: flags tell what a processor has, not what it is worth."""
    if device != "cpu":
        return torch.cuda.is_bf16_supported()

    def seconds(dtype: torch.dtype) -> float:
        layer = nn.Conv2d(64, 64, 3, padding=1).to(dtype).to(memory_format=torch.channels_last)
        x = torch.zeros(1, 64, 96, 96, dtype=dtype).contiguous(memory_format=torch.channels_last)
        best = float("inf")
        with torch.inference_mode():
            for _ in range(4):  # the first call also prepares the kernel
                start = time.perf_counter()
                layer(x)
                best = min(best, time.perf_counter() - start)
        return best

    return seconds(torch.bfloat16) < 0.8 * seconds(torch.float32)


def _pad(x: Tensor, minimum: int, multiple_of: int) -> Tensor:
    """Grow on the right and bottom, mirroring where the picture is large enough and repeating its edge where not."""
    height, width = x.shape[-2:]

    def grow(side: int) -> int:
        return -max(side, minimum) // multiple_of * -multiple_of - side

    right, bottom = grow(width), grow(height)
    if not (right or bottom):
        return x
    mode = "reflect" if right < width and bottom < height else "replicate"
    return F.pad(x, (0, right, 0, bottom), mode=mode)


def _overlap_of(network: nn.Module) -> int:
    """Sum the reach of all convolutions: exact for a plain chain of them, and capped for deep or attentive networks."""
    layers = list(network.modules())
    if any(isinstance(layer, nn.Linear) for layer in layers):
        return LONG_RANGE_OVERLAP_PX
    reach = sum(layer.kernel_size[0] // 2 * layer.dilation[0] for layer in layers if isinstance(layer, nn.Conv2d))
    return reach if reach <= _EXACT_REACH_PX else LONG_RANGE_OVERLAP_PX
