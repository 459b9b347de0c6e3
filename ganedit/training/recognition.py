"""A classifier that tells G whether its picture shows the class that was asked for, so that D need not know classes.

With few pictures a class, a D that is told the class soon knows them by heart, and G answers with one picture a class.
A D that sees all pictures alike leaves G the variety of the whole set; the class comes from here.

Source: Odena et al. 2017 (AC-GAN), arXiv:1610.09585, equation 2, with a classifier that is fitted to real pictures
once and stays as it is, on the frozen features of Projected GANs (arXiv:2111.01007).
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.training.data import Dataset, to_network

_MOST = 2048  # pictures it is fitted to
_LOOKS = 8  # times that each is looked at, augmented anew
_AT_ONCE = 32
_DECAY = 1e-2
_ROUNDS = 200
_SEED = 30


class Recognizer(nn.Module):
    """A linear classifier of features; frozen once it is fitted."""

    def __init__(self, length: int, classes: int) -> None:
        """Take the length of the features and the number of classes."""
        super().__init__()
        self.mean, self.scale = nn.Buffer(torch.zeros(length)), nn.Buffer(torch.ones(length))
        self.linear = nn.Linear(length, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Turn (N, F) features into (N, classes) logits."""
        return self.linear((features.float() - self.mean) / self.scale)

    def surprise(self, features: Tensor, condition: Tensor) -> Tensor:
        """Measure (N,) how little of (N, F) features is expected of (N, classes) one-hot classes: nats, 0 or more."""
        return F.cross_entropy(self(features), condition.argmax(dim=1), reduction="none")

    def fit(self, features: Tensor, labels: Tensor) -> None:
        """Fit (N, F) features to (N,) int64 classes by logistic regression, and freeze."""
        self.mean.copy_(features.mean(dim=0))
        self.scale.copy_(features.std(dim=0).clamp_min(1e-6))
        optimizer = torch.optim.LBFGS(self.parameters(), max_iter=_ROUNDS, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            optimizer.zero_grad()
            wrong = F.cross_entropy(self(features), labels) + _DECAY * self.linear.weight.square().sum()
            wrong.backward()
            return wrong

        optimizer.step(loss)
        self.requires_grad_(False)


@torch.no_grad()
def look_at(dataset: Dataset, describe: Callable[[Tensor], Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
    """Describe pictures of a data set with classes, each several times; all chance is always the same.

    Args:
        dataset: at most 2,048 of its pictures are taken, spread over it.
        describe: turns (N, C, R, R) in [-1, 1] into (N, F) features, augmented as G's pictures will be.
        device: where the features are computed.

    Returns:
        (N, F) float32 features and (N,) int64 classes.
    """
    chosen = np.linspace(0, len(dataset) - 1, min(len(dataset), _MOST)).round().astype(np.int64)
    chosen = np.tile(chosen, _LOOKS)
    assert dataset.labels is not None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        seen = [
            describe(to_network(np.asarray(dataset.images[some]), device)).float()
            for some in np.array_split(chosen, -(-len(chosen) // _AT_ONCE))
        ]
    return torch.cat(seen), torch.from_numpy(dataset.labels[chosen]).long().to(device)
