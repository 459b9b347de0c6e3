"""Texts as vectors: a small sentence encoder that needs no network once its weights are here."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from ganedit.models import sources
from ganedit.models.archs.minilm import MiniLM
from ganedit.models.checkpoint import read_state_dict
from ganedit.models.feature_cards import ALL_MINILM_L6_V2

ENCODER = "all-MiniLM-L6-v2"
"""Name of the encoder, as its authors gave it."""

ENCODER_SHA256 = ALL_MINILM_L6_V2[0].sha256
"""SHA-256 of the encoder's weights: vectors from other weights mean something else."""

_BATCH = 32
_LONGEST = 256  # pieces; the authors cut here too
_UNUSED = ("pooler.", "embeddings.position_ids")  # keys of the published file that no sentence needs
_UNKNOWN = "[UNK]"


class TextEncoder:
    """Turns English texts into vectors that are near each other where the texts mean the like.

    Attributes:
        length: of a vector.
    """

    length = MiniLM.WIDTH

    def __init__(self, network: MiniLM, tokenizer: Tokenizer) -> None:
        """Take the network with its weights, and the tokenizer that cuts words for it."""
        self._network, self._tokenizer = network, tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(_LONGEST)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into vectors.

        Args:
            texts: any number of any length; what comes after 254 word pieces is cut off. An empty text is one too.

        Returns:
            (N, 384) float32, each row of length 1.
        """
        pieces = [self._tokenizer.encode(_valid(text)).ids for text in texts]
        vectors = np.empty((len(pieces), self.length), np.float32)
        by_length = sorted(range(len(pieces)), key=lambda index: len(pieces[index]))
        for start in range(0, len(by_length), _BATCH):  # texts of like lengths together, so that little is filled up
            chosen = by_length[start : start + _BATCH]
            lengths = torch.tensor([len(pieces[index]) for index in chosen])
            rows = [torch.tensor(pieces[index]) for index in chosen]
            numbers = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
            is_piece = torch.arange(numbers.shape[1]) < lengths[:, None]
            vectors[chosen] = self._network(numbers, is_piece).numpy()
        return vectors

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Name the words that the encoder cannot know, in their order, each once.

        They are those that the vocabulary does not have at all (pictograms, most of Chinese), and those that at least
        half fall apart into single letters (other alphabets, random letters). A typing error or a word of another
        language often consists of longer pieces that the vocabulary has, and is not found here.
        """
        cutter = self._tokenizer.pre_tokenizer
        assert cutter is not None
        words = dict.fromkeys(word for word, _ in cutter.pre_tokenize_str(_valid(text)))
        return tuple(word for word in words if not self._knows(word))

    def _knows(self, word: str) -> bool:
        pieces = [piece.removeprefix("##") for piece in self._tokenizer.encode(word, add_special_tokens=False).tokens]
        letters = "".join(pieces)
        if len(letters) < 2:
            return letters.isascii() or not letters.isalpha()
        return _UNKNOWN not in pieces and sum(len(piece) == 1 for piece in pieces) < len(letters) / 2


def load_text_encoder(cache: Path | None = None) -> TextEncoder:
    """Build all-MiniLM-L6-v2 with its weights, fetched if they are not here: 84 MB, once.

    Args:
        cache: folder of fetched files; ``weights/cache`` or ``GANEDIT_WEIGHTS`` if None.

    Raises:
        WeightsUnavailableError: the weights could be had from nowhere.
        BadCheckpointError: a file cannot be read.
    """
    folder = cache or sources.cache_dir()
    path, source = sources.fetch(ALL_MINILM_L6_V2, folder)
    [companion] = source.companions
    tokens = sources.verified(companion, folder)
    state = read_state_dict(path, source.format)
    network = MiniLM()
    network.load_state_dict({key: value for key, value in state.items() if not key.startswith(_UNUSED)})
    return TextEncoder(network.eval().requires_grad_(False), Tokenizer.from_file(str(tokens)))


def _valid(text: str) -> str:
    """Replace what is no character: halves of surrogate pairs, as JSON may hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")
