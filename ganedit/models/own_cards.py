"""Generators that ganedit trained itself; their weights lie in ``weights/``, their recipes in ``recipes/``."""

from ganedit.models.card import ModelCard, Source

OWN_CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        id="ganedit-avatar",
        task="generate",
        arch="FastGAN",
        sources=(
            Source(
                "weights/ganedit-avatar.safetensors",
                "6cca1066280989a5c05b953d295eeb40d5d7891680432797e2d8c9a7c860936b",
                "safetensors",
                6673454,
            ),
        ),
        license="CC-BY-4.0",
        commercial_use=True,
        trained_on=(
            "30,000 avatars drawn with DiceBear: ToonHead by Johan Melin, Avatar Illustration System (micah) by Micah "
            "Lanier, Personas by Draftbit, all CC BY 4.0, recolored; 100 kimg, 51 minutes of one processor core"
        ),
        paper="Liu et al. 2021, arXiv:2101.04775; Isola et al. 2017, arXiv:1611.07004",
        notes="Drawn faces of 64 px by attributes or words; on 1,000 unseen combinations 29 dB from the renders.",
    ),
)
