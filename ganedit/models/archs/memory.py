"""A memory of the training pictures, which words open: how a text reaches a generator of named things."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SHARPNESS = 40.0
"""Factor of the cosines: at 40 a caption of a thing calls up its own picture with a weight of 0.99, measured on 849
names, and words that nobody used the pictures of the nearest names."""


class Memory(nn.Module):
    """Holds a code for each training picture; a text calls up those of the pictures whose captions it resembles.

    A linear embedding must first learn to tell sentence vectors apart, which are much alike; here what is looked up is
    told apart from the start, and the codes, which are learned, can lie as the pictures do.

    Source: attention over stored pairs, Miller et al. 2016, arXiv:1606.03126; a learned code for each picture,
    Bojanowski et al. 2018 (GLO), arXiv:1707.05776.
    """

    mean: Tensor
    keys: Tensor

    def __init__(self, c_dim: int, entries: int, length: int) -> None:
        """Take the lengths of a text's vector and of a code, and the number of pictures."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(c_dim))
        self.register_buffer("keys", F.normalize(torch.randn(entries, c_dim), dim=1))
        self.codes = nn.Parameter(torch.randn(entries, length))

    def fill(self, texts: Tensor, codes: Tensor) -> None:
        """Start from (entries, c_dim) vectors of what the pictures are called, and (entries, length) codes of them."""
        with torch.no_grad():
            self.mean.copy_(texts.mean(dim=0))
            self.keys.copy_(F.normalize(texts - self.mean, dim=1))
            self.codes.copy_(codes)

    def forward(self, texts: Tensor) -> Tensor:
        """Turn (N, c_dim) vectors of texts into (N, length) float32 codes."""
        with torch.autocast(texts.device.type, enabled=False):  # 8 bits cannot tell neighbors apart
            alike = F.normalize(texts.float() - self.mean, dim=1) @ self.keys.T
            return (_SHARPNESS * alike).softmax(dim=1) @ self.codes
