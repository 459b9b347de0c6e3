"""Networks that ganedit trained itself; their weights lie in ``weights/``, their recipes in ``recipes/``."""

from ganedit.models.card import ModelCard, SizeRule, Source

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
        notes=(
            "Drawn faces of 64 px by attributes or words. On 1,000 unseen combinations 29 dB from the renders; a "
            "classifier finds 93 % of what was asked, but of the eyebrows 47 %, beards 70 %, mouths 80 %."
        ),
    ),
    ModelCard(
        id="ganedit-landscape",
        task="generate",
        arch="FastGAN",
        sources=(
            Source(
                "weights/ganedit-landscape.safetensors",
                "04c2fe26960863cc4ff29cf738292b1e09d8a251e65031b792d0b794d27793ef",
                "safetensors",
                9312736,
            ),
        ),
        license="CC0-1.0",
        commercial_use=True,
        trained_on=(
            "399 squares of 133 landscape photographs in the public domain, out of endless-sky-high-dpi; 45 kimg, 40 "
            "minutes of one processor core"
        ),
        paper="Sauer et al. 2021, arXiv:2111.01007; Liu et al. 2021, arXiv:2101.04775",
        notes=(
            "Landscapes of 128 px by class. A probe names the asked class in 72 % of them, and in 43 % of held-out "
            "photos; valleys, seas and snow are the weakest, and the colors of a class vary little. fd_effnet399 67, "
            "between halves of the photos 33."
        ),
    ),
    ModelCard(
        id="ganedit-object",
        task="generate",
        arch="FastGAN",
        sources=(
            Source(
                "weights/ganedit-object.safetensors",
                "b2313c53862ddcefce7b1c0eaaa81ef89240443f0cc8c8740559aec0287eb129",
                "safetensors",
                10248390,
            ),
        ),
        license="MIT",
        commercial_use=True,
        trained_on=(
            "849 pictures of things with their names, out of Fluent Emoji, copyright (c) Microsoft Corporation, MIT, "
            "as packed in @lobehub/fluent-emoji-3d; 70 kimg, 38 minutes of one processor core"
        ),
        paper="Liu et al. 2021, arXiv:2101.04775; Bojanowski et al. 2018, arXiv:1707.05776",
        notes=(
            "Named things of 64 px from words. Of 849 names 94 % give a picture whose five nearest hold the name's "
            "own. It learned one picture a name by heart, so it varies none; words that it never met give the things "
            "with the nearest names, sometimes blended."
        ),
    ),
    ModelCard(
        id="ganedit-painter",
        task="stylize",
        arch="painter",
        sources=(
            Source(
                "weights/ganedit-painter.safetensors",
                "ffa1ebbe1bc4bf76a09e6b6dda297ee02e16150b6f4592092c25e0484c8864bc",
                "safetensors",
                3375862,
            ),
        ),
        license="CC0-1.0",
        commercial_use=True,
        size=SizeRule(minimum=32, multiple_of=4),
        trained_on=(
            "paintings by Renoir, Cassatt, Bazille, Hokusai, Hiroshige and van Gogh out of gcompris-qt-data, drawings "
            "of the Open Clip Art Library, photographs out of endless-sky-high-dpi, all in the public domain; 20 kimg, "
            "34 minutes of processor time"
        ),
        paper="Sauer et al. 2021, arXiv:2111.01007; Chen et al. 2018 (CartoonGAN)",
        notes=(
            "Photos in four styles, and in mixtures of them: cartoon, impressionist, ukiyo-e, van Gogh. Small faces "
            "lose their features unless they are painted on their own; cartoon makes shadows one dark violet."
        ),
    ),
)
