"""Published generators, recognized by the keys of their checkpoints."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torchvision.models import EfficientNet_B0_Weights

from ganedit.errors import BadCheckpointError
from ganedit.models.archs import biggan, fastgan_few_shot, stylegan2
from ganedit.models.snapshots import Snapshot

_IMAGENET_CLASSES = 1000
_LAYOUTS: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Tensor]], nn.Module]]] = {
    "FastGAN": (fastgan_few_shot.FIRST_KEYS, fastgan_few_shot.from_state),
    "StyleGAN2": (stylegan2.FIRST_KEYS, stylegan2.from_state),
    "BigGAN-deep": (biggan.FIRST_KEYS, biggan.from_state),
}


def build_public(state: Mapping[str, Tensor], name: str) -> Snapshot | None:
    """Build the published generator that a state dict holds; None if it holds none.

    Raises:
        BadCheckpointError: it has the keys of one, but not its tensors.
    """
    for arch, (first_keys, build) in _LAYOUTS.items():
        if not any(key in state for key in first_keys):
            continue
        try:
            network = build(state)
        except (KeyError, RuntimeError, ValueError, IndexError, StopIteration) as error:
            raise BadCheckpointError(
                f"{name} looks like {arch}, but its tensors do not fit it; fetch or export it again."
            ) from error
        config: Any = network.config
        facts = _told_a_class(config["classes"]) if "classes" in config else {}
        return Snapshot(network.eval().requires_grad_(False), arch, config, facts)
    return None


def _told_a_class(classes: int) -> dict[str, Any]:
    """Say what a class-conditional generator is told; only ImageNet's classes have known names."""
    imagenet = classes == _IMAGENET_CLASSES
    names = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"] if imagenet else map(str, range(classes))
    return {"condition": "class", "class_names": list(names)}
