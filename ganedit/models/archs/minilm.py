"""MiniLM, a small BERT: six layers of attention turn the word pieces of a sentence into one vector.

Source: Devlin et al. 2018, arXiv:1810.04805, section 3; distilled by Wang et al. 2020, arXiv:2002.10957; trained to
compare sentences as in Reimers and Gurevych 2019, arXiv:1908.10084.
"""

import torch.nn.functional as F
from torch import Tensor, nn

_PIECES, _PLACES, _KINDS = 30522, 512, 2  # rows of the three tables of embeddings
_LAYERS, _HEADS, _INNER = 6, 12, 1536


def _norm(width: int) -> nn.LayerNorm:
    return nn.LayerNorm(width, eps=1e-12)


class _Embeddings(nn.Module):
    """What a word piece means by itself, and where it stands."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(_PIECES, width)
        self.position_embeddings = nn.Embedding(_PLACES, width)
        self.token_type_embeddings = nn.Embedding(_KINDS, width)
        self.LayerNorm = _norm(width)

    def forward(self, pieces: Tensor) -> Tensor:
        places = self.position_embeddings.weight[: pieces.shape[1]]
        # The second kind is for the second of two sentences.
        return self.LayerNorm(self.word_embeddings(pieces) + places + self.token_type_embeddings.weight[0])


class _Added(nn.Module):
    """A layer whose result is added to what there was before it, and normalized."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.LayerNorm = _norm(width)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(x) + before)


class _Looks(nn.Module):
    """Attention: each place gathers from all places that hold a piece."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)

    def forward(self, x: Tensor, is_piece: Tensor) -> Tensor:
        query, key, value = (
            layer(x).unflatten(2, (_HEADS, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=is_piece[:, None, None, :])
        return seen.transpose(1, 2).flatten(2)


class _Layer(nn.Module):
    """Attention, then a thought about each place by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": _Looks(width), "output": _Added(width, width)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, _INNER)})
        self.output = _Added(_INNER, width)

    def forward(self, x: Tensor, is_piece: Tensor) -> Tensor:
        x = self.attention["output"](self.attention["self"](x, is_piece), x)
        return self.output(F.gelu(self.intermediate["dense"](x)), x)


class _Encoder(nn.Module):
    """The layers, one after the other."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(width) for _ in range(_LAYERS))

    def forward(self, x: Tensor, is_piece: Tensor) -> Tensor:
        for layer in self.layer:
            x = layer(x, is_piece)
        return x


class MiniLM(nn.Module):
    """22.6 million parameters, under the keys of the published weights; their pooler, which no sentence needs, is out.

    Attributes:
        WIDTH: length of the vectors.
        LONGEST: word pieces that one sentence may have.
    """

    WIDTH = 384
    LONGEST = _PLACES

    def __init__(self) -> None:
        """Lay out the network with random weights."""
        super().__init__()
        self.embeddings = _Embeddings(self.WIDTH)
        self.encoder = _Encoder(self.WIDTH)

    def forward(self, pieces: Tensor, is_piece: Tensor) -> Tensor:
        """Turn sentences into vectors.

        Args:
            pieces: (N, L) int64, numbers of word pieces; L is at most `LONGEST`.
            is_piece: (N, L) bool, false where a shorter sentence is filled up. Every sentence has a piece.

        Returns:
            (N, 384) of length 1: the mean over the pieces, normalized.
        """
        x = self.encoder(self.embeddings(pieces), is_piece)
        weights = is_piece[:, :, None].to(x.dtype)
        return F.normalize((x * weights).sum(dim=1) / weights.sum(dim=1), dim=1)
