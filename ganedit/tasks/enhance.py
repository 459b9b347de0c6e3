"""Enhance: upscale or restore with a network, keep its colors honest, resize, adjust."""

import math
from collections.abc import Generator

from torch import Tensor

from ganedit.models.loaded import LoadedModel
from ganedit.requests import EnhanceRequest, Progress
from ganedit.tasks.adjust import adjust_
from ganedit.tasks.fidelity import guard_color_
from ganedit.tasks.tiling import TileReport, reduce_to, run_tiled


def output_size(request: EnhanceRequest, network_scale: int) -> tuple[int, int]:
    """(height, width) of the result in pixels; a request that names no scale gets the network's own."""
    if request.size:
        return request.size[1], request.size[0]
    scale = request.scale or network_scale
    return round(request.image.height * scale), round(request.image.width * scale)


def canvas_scale(request: EnhanceRequest, network_scale: int) -> int:
    """The whole factor, at most the network's own, at which its output is put together before the last resize."""
    height, width = output_size(request, network_scale)
    wanted = math.ceil(max(height / request.image.height, width / request.image.width))
    return max(1, min(network_scale, wanted))


def enhance(
    x: Tensor, request: EnhanceRequest, model: LoadedModel | None, report: TileReport
) -> Generator[Progress, None, Tensor]:
    """Enhance one picture.

    Args:
        x: (1, 3, H, W) float32 in [0, 1].
        request: a checked request.
        model: the network, None for a plain resize by Lanczos' filter.
        report: filled with what the tiles met.

    Yields:
        Progress after each tile and between the stages.

    Returns:
        (1, 3, H', W') float32 in [0, 1].
    """
    network_scale = model.card.scale if model else 1
    size = output_size(request, network_scale)
    if model is None:
        y = reduce_to(x, *size, method="lanczos") if size != x.shape[-2:] else x.clone()
    else:
        y = yield from run_tiled(x, model, canvas_scale(request, network_scale), request.compute, report)
        if request.color_guard:
            yield Progress(1, 1, None, "guard")
            guard_color_(y, x)
        y = reduce_to(y, *size)
    yield Progress(1, 1, None, "adjust")
    return adjust_(y, request.adjust)
