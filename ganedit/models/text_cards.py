"""The models that draw from words: pipelines, each a folder of several files in the format of diffusers.

Hashes and sizes are those that the hub shows for the pinned revisions; for small text files it shows none.
"""

from ganedit.models.card import ModelCard, Source

_PINNED = "The hashes of its small text files, which nobody publishes, are written down at the first fetch."
_STABILITY_LICENSE = "Stability AI Community License"
_STABILITY_NOTICE = "Free for those who earn less than US$ 1M a year; powered by Stability AI."
_STABILITY_PAPER = "Sauer et al. 2023, Adversarial Diffusion Distillation, arXiv:2311.17042"


def _folder(place: str, *weights: tuple[str, int | None, str]) -> tuple[Source, ...]:
    """Name the files of a pipeline.

    Args:
        place: the repository and its revision.
        weights: name, size in bytes and SHA-256 of each file of weights, the UNet's first.
    """
    texts = ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "vae/config.json"]
    for suffix in ("", "_2"):
        if any(name.startswith(f"text_encoder{suffix}/") for name, _, _ in weights):
            of_tokenizer = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
            texts += [f"text_encoder{suffix}/config.json", *(f"tokenizer{suffix}/{name}" for name in of_tokenizer)]
    first, *others = (Source(f"{place}/{name}", sha256, "diffusers", size) for name, size, sha256 in weights)
    companions = (*others, *(Source(f"{place}/{name}", "", "diffusers") for name in texts))
    return (Source(first.locator, first.sha256, "diffusers", first.size_bytes, companions),)


TEXT_CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        id="sdxs-512-dreamshaper",
        task="generate",
        arch="StableDiffusion",
        sources=_folder(
            "hf:IDKiro/sdxs-512-dreamshaper@76f720262bb051da75666b22c902a78c8e16c763",
            (
                "unet/diffusion_pytorch_model.safetensors",
                None,
                "a9cb7932239b22d318f20d80c0062be5f06c9e96b620d3719db49b31f23927cf",
            ),
            (
                "text_encoder/model.safetensors",
                None,
                "5cd76eb3ed326974cfd66795384e890742dfdb5a80f5f4e4cb1547d51ec75d86",
            ),
            (
                "vae/diffusion_pytorch_model.safetensors",
                9793292,
                "d7956d561b1efbd861ad9b03fd8f01510f9e87eddc07bdfd20837009433f6ee5",
            ),
        ),
        license="OpenRAIL++",
        commercial_use=True,
        kind="other",
        default=True,
        trained_on="distilled from DreamShaper, a fine-tuned Stable Diffusion 1.5",
        paper="Song et al. 2024, SDXS, arXiv:2403.16627",
        notes="Pictures of 512 px from words in one step; 1.8 GB. Its license forbids harmful uses; "
        f"it learned from pure noise, so for guiding by a picture try sd-turbo too. {_PINNED}",
    ),
    ModelCard(
        id="sd-turbo",
        task="generate",
        arch="StableDiffusion",
        sources=_folder(
            "hf:stabilityai/sd-turbo@b261bac6fd2cf515557d5d0707481eafa0485ec2",
            (
                "unet/diffusion_pytorch_model.fp16.safetensors",
                1731904736,
                "40ec400881e27d1376c7c95c5bd495f407b33756e80eb6365e301c33a07af6e5",
            ),
            (
                "text_encoder/model.fp16.safetensors",
                680820392,
                "bc1827c465450322616f06dea41596eac7d493f4e95904dcb51f0fc745c4e13f",
            ),
            (
                "vae/diffusion_pytorch_model.fp16.safetensors",
                167335342,
                "3e4c08995484ee61270175e9e7a072b66a6e4eeb5f0c266667fe1f45b90daf9a",
            ),
        ),
        license=_STABILITY_LICENSE,
        commercial_use=False,
        trained_on="LAION-5B (Stable Diffusion 2.1), distilled with an adversarial loss",
        paper=_STABILITY_PAPER,
        notes=f"Photos and paintings of 512 px from words in one step; 2.6 GB. {_STABILITY_NOTICE} {_PINNED}",
    ),
    ModelCard(
        id="sdxl-turbo",
        task="generate",
        arch="StableDiffusionXL",
        sources=_folder(
            "hf:stabilityai/sdxl-turbo@71153311d3dbb46851df1931d3ca6e939de83304",
            (
                "unet/diffusion_pytorch_model.fp16.safetensors",
                5135149760,
                "48fa46161a745f48d4054df3fe13804ee255486bca893403b60373c188fd1bdb",
            ),
            (
                "text_encoder/model.fp16.safetensors",
                246144152,
                "660c6f5b1abae9dc498ac2d21e1347d2abdb0cf6c0c0c8576cd796491d9a6cdd",
            ),
            (
                "text_encoder_2/model.fp16.safetensors",
                1389382176,
                "ec310df2af79c318e24d20511b601a591ca8cd4f1fce1d8dff822a356bcdb1f4",
            ),
            (
                "vae/diffusion_pytorch_model.fp16.safetensors",
                None,
                "02ee4bd18e5d16e7fe5fc5b85b4aefa2cba6db28897f674226c9d6ddd2f34f06",
            ),
        ),
        license=_STABILITY_LICENSE,
        commercial_use=False,
        trained_on="pictures that its authors do not name (SDXL), distilled with an adversarial loss",
        paper=_STABILITY_PAPER,
        notes=f"Best at following words; 7 GB, slow without a GPU. {_STABILITY_NOTICE} {_PINNED}",
    ),
)
