"""Networks that look at pictures, with their published weights."""

from pathlib import Path

from ganedit.models import sources
from ganedit.models.archs.efficientnet_lite import EfficientNetLite0
from ganedit.models.checkpoint import read_state_dict
from ganedit.models.feature_cards import EFFICIENTNET_LITE0


def load_efficientnet_lite0(cache: Path | None = None) -> EfficientNetLite0:
    """Build EfficientNet-Lite0 with its ImageNet weights, fetched if they are not here; frozen, in eval mode, float32.

    Args:
        cache: folder of fetched files; ``weights/cache`` or ``GANEDIT_WEIGHTS`` if None.

    Raises:
        WeightsUnavailableError: the weights could be had from nowhere.
        BadCheckpointError: the file cannot be read.
    """
    path, source = sources.fetch([EFFICIENTNET_LITE0], cache or sources.cache_dir())
    network = EfficientNetLite0()
    network.load_state_dict(read_state_dict(path, source.format))
    return network.eval().requires_grad_(False)
