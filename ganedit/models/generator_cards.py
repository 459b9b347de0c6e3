"""Published generators that draw new pictures; ganedit's own are trained by its recipes."""

from ganedit.models.card import ModelCard, Source

_STYLEGAN2_REPOSITORY = "hf:aaronb/StyleGAN2@5fde0cdb3664b04e8126dc6b0cab010e7813c18b"
_STYLEGAN2_PAPER = "Karras et al. 2020, arXiv:1912.04958"
_STYLEGAN2_ADA_PAPER = "Karras et al. 2020, arXiv:2006.06676"
_NVIDIA_LICENSE = "NVIDIA Source Code License (non-commercial)"
_BIGGAN_PAPER = "Brock et al. 2019, arXiv:1809.11096"
_BIGGAN_NOTES = (
    "Any of 1000 ImageNet classes; the license of DeepMind's weights is not stated, that of the code is MIT."
)


def _stylegan2(name: str, locator: str, sha256: str, size_bytes: int | None, pictures: str, paper: str) -> ModelCard:
    """Describe a conversion of NVIDIA's weights to plain tensors, made by an unofficial uploader."""
    return ModelCard(
        id=f"stylegan2-{name}",
        task="generate",
        arch="StyleGAN2",
        sources=(Source(locator, sha256, "pth", size_bytes),),
        license=_NVIDIA_LICENSE,
        commercial_use=False,
        trained_on=pictures,
        paper=paper,
        notes="NVIDIA's weights, converted by others; seconds a picture on a CPU. Copyright (c) NVIDIA Corporation.",
    )


GENERATOR_CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        id="fastgan-painting",
        task="generate",
        arch="FastGAN",
        sources=(
            Source(
                "hf:huggan/fastgan-few-shot-painting@51da01bf16cfbb069a33d3c80760bee9ba0ae5b2/pytorch_model.bin",
                "9a14a7943393cd59e9369d2c001e898a610f1ce7f2aa8cf99d8f2dac18be1d23",
                "pth",
            ),
        ),
        license="MIT",
        commercial_use=True,
        trained_on="few-shot paintings, collected by huggan",
        paper="Liu et al. 2021, arXiv:2101.04775",
        notes="Paintings of 1024 px; trained by the huggan community.",
    ),
    _stylegan2(
        "ffhq",
        f"{_STYLEGAN2_REPOSITORY}/stylegan2-ffhq-config-f.pt",
        "646c7e7c5e3fc4cf8e83dcfe5dce505cc74b61d8982c09563932aa15c4baf18c",
        132717355,
        "FFHQ: 70,000 portraits of people on Flickr",
        _STYLEGAN2_PAPER,
    ),
    _stylegan2(
        "church",
        f"{_STYLEGAN2_REPOSITORY}/stylegan2-church-config-f.pt",
        "596f59f0ab72d3d5e821846dbf53fff0406c0103ff4fa46ae0a2508d80b3a2d0",
        120878283,
        "LSUN: church buildings",
        _STYLEGAN2_PAPER,
    ),
    _stylegan2(
        "car",
        f"{_STYLEGAN2_REPOSITORY}/stylegan2-car-config-f.pt",
        "c69f161fd576801027cbaa8b09142b5dd9f508034b2d0f4a2a0cdcbc1d587c9c",
        123949595,
        "LSUN: cars, with black bars above and below",
        _STYLEGAN2_PAPER,
    ),
    _stylegan2(
        "ada-ffhq",
        "hf:aaronb/StyleGAN2@main/ada/ffhq.pt",
        "1a0c25c17013e0bb99bd3de4e80ea52cb3efc2b71224ff902e0a29bafac9c531",
        None,
        "FFHQ: 70,000 portraits of people on Flickr",
        _STYLEGAN2_ADA_PAPER,
    ),
    _stylegan2(
        "ada-afhqwild",
        "hf:aaronb/StyleGAN2@main/ada/afhqwild.pt",
        "92c614909f6fb4834b3a9d18d19ce8211b748669aa7aeabf00dc6343f0bc3d0d",
        None,
        "AFHQ: faces of wild animals",
        _STYLEGAN2_ADA_PAPER,
    ),
    ModelCard(
        id="biggan-deep-256",
        task="generate",
        arch="BigGAN-deep",
        sources=(
            Source(
                "https://s3.amazonaws.com/models.huggingface.co/biggan/biggan-deep-256-pytorch_model.bin",
                "5900ef4065047e3aa0d1b66197b7f2664dceb59b27080e414ad57e203c485bc5",
                "pth",
                234411737,
            ),
        ),
        license="not stated (DeepMind)",
        commercial_use=False,
        trained_on="ImageNet: 1.3 million photographs",
        paper=_BIGGAN_PAPER,
        notes=_BIGGAN_NOTES,
    ),
    ModelCard(
        id="biggan-deep-128",
        task="generate",
        arch="BigGAN-deep",
        sources=tuple(
            Source(locator, "b86146a8cfcde4cda135adba4b2806f78b3abe2dac9d0fd090cc3ab318604ad9", "pth")
            for locator in (
                "hf:osanseviero/BigGAN-deep-128@af0640a119a2486b24eed0985d6d54e734890bff/pytorch_model.bin",
                "https://s3.amazonaws.com/models.huggingface.co/biggan/biggan-deep-128-pytorch_model.bin",
            )
        ),
        license="not stated (DeepMind)",
        commercial_use=False,
        trained_on="ImageNet: 1.3 million photographs",
        paper=_BIGGAN_PAPER,
        notes=_BIGGAN_NOTES,
    ),
)
