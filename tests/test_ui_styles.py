"""The styles of the Stylize tab: what is learned first, then paintings; shares of a mixture; what damaged files do."""

from pathlib import Path

import pytest
import torch

from ganedit.engine import Engine
from ganedit.models.archs.painter import Painter
from ganedit.models.card import ModelCard, Source
from ganedit.models.registry import Registry
from ganedit.models.snapshots import write_snapshot
from ganedit.ui.styles import PAINTINGS, Style, Styles, label_of, shares_of


def engine(folder: Path, *, damaged: bool = False) -> Engine:
    torch.manual_seed(0)
    write_snapshot(folder / "mine.safetensors", Painter(2, width=4), "painter", {"class_names": ["ink", "oil"]})
    write_snapshot(folder / "single.safetensors", Painter(width=4), "painter", {"class_names": []})
    (folder / "bad.safetensors").write_bytes(b"nothing")
    sources = (Source(f"file:{folder / 'bad.safetensors'}", "0" * 64, "safetensors"),)
    catalog = (ModelCard("bad", "stylize", "painter", sources, "MIT", True),) if damaged else ()
    return Engine(Registry(catalog, weights=folder, cache=folder / "cache"))


@pytest.mark.parametrize("damaged", [False, True])
def test_learned_styles_come_before_the_paintings_and_a_damaged_file_takes_none_away(
    tmp_path: Path, damaged: bool
) -> None:
    styles = Styles(engine(tmp_path, damaged=damaged)).all()
    assert styles == (Style("mine", "ink"), Style("mine", "oil"), Style("single", ""), *PAINTINGS)
    assert [label_of(style) for style in styles[:3]] == ["ink", "oil", "single"]


def test_every_style_has_a_picture_and_a_model_trained_anew_gets_a_new_one(tmp_path: Path) -> None:
    styles = Styles(engine(tmp_path))
    shown = styles.pictures(styles.all())
    assert len(shown) == 3 + len(PAINTINGS)
    assert styles.pictures(styles.all())[0][0] is shown[0][0]
    styles.forget("mine")
    again = styles.pictures(styles.all())
    assert again[0][0] is not shown[0][0] and again[2][0] is shown[2][0]


@pytest.mark.parametrize(
    ("other", "share", "wanted"),
    [
        (None, 0.5, {"ink": 1.0}),
        ("", 0.5, {"ink": 1.0}),
        ("ink", 0.5, {"ink": 1.0}),
        ("oil", 0.0, {"ink": 1.0}),
        ("oil", 0.25, {"ink": 0.75, "oil": 0.25}),
        ("oil", 1.0, {"oil": 1.0}),
    ],
)
def test_shares_of_a_mixture(other: str | None, share: float, wanted: dict[str, float]) -> None:
    assert shares_of(Style("mine", "ink"), other, share) == wanted
    assert shares_of(Style("single", ""), other, share) == {}
