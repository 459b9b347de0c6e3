"""Spectral normalization, undone once instead of at every call."""

from collections.abc import Container, Mapping

from torch import Tensor


def fold(state: Mapping[str, Tensor], transposed: Container[str] = ()) -> dict[str, Tensor]:
    """Divide each normalized weight by its largest singular value, as the layer does in use.

    Torch stores such a weight as ``weight_orig`` with the singular vectors ``weight_u`` and ``weight_v`` that its power
    iteration found.

    Args:
        state: tensors by key.
        transposed: names of layers that are transposed convolutions, whose outputs are the second axis.

    Returns:
        The same with plain ``weight`` keys.

    Raises:
        KeyError: a weight lacks its vectors.
        RuntimeError: they do not fit it.

    Source: Miyato et al. 2018, arXiv:1802.05957, equations 8 and 9.
    """
    folded = {}
    for key, value in state.items():
        if key.endswith(".weight_orig"):
            layer = key.removesuffix(".weight_orig")
            matrix = (value.transpose(0, 1) if layer in transposed else value).flatten(1)
            norm = state[f"{layer}.weight_u"] @ matrix @ state[f"{layer}.weight_v"]
            folded[f"{layer}.weight"] = value / norm
        elif not key.endswith((".weight_u", ".weight_v")):
            folded[key] = value
    return folded
