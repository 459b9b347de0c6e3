"""Faces painted on their own: where they are cut out, how they are put back, and what the engine makes of them."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from published_layouts import AnimeGANv2, randomize
from skimage import data

from ganedit.engine import Engine
from ganedit.errors import BadRequestError, WeightsUnavailableError
from ganedit.formats import open_picture
from ganedit.image import Picture
from ganedit.models.faces import FaceFinder
from ganedit.models.registry import Registry
from ganedit.requests import ANY_STYLE_MODEL, SAME_MODEL, ClipRequest, EditResult, Progress, StylizeRequest
from ganedit.stylization import NO_FACES
from ganedit.tasks.portraits import FACE_PX, MAX_FACES, cut, put_back, squares

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"
FACE = (180.0, 60.0, 265.0, 172.0)


class OneFace:
    """Finds the astronaut's face wherever it looks, or none."""

    def __init__(self, *faces: tuple[float, float, float, float]) -> None:
        self.faces = faces

    def find(self, x: torch.Tensor) -> list[tuple[float, float, float, float]]:
        return [*self.faces]


def engine(*faces: tuple[float, float, float, float], folder: Path | None = None) -> Engine:
    registry = Registry(weights=folder, cache=folder / "cache" if folder else None)
    registry._face_finder = cast(FaceFinder, OneFace(*faces))
    return Engine(registry)


@pytest.fixture(scope="module")
def photo() -> Picture:
    return Picture(data.astronaut())


def painted(engine: Engine, photo: Picture, **how) -> tuple[np.ndarray, EditResult]:
    result = engine.run(StylizeRequest(photo, shares={"van-gogh": 1.0}, **how))
    return result.images[0].pixels.astype(int), result


def test_a_square_holds_the_face_with_a_margin_and_stays_in_the_picture() -> None:
    placed = squares([(100, 100, 140, 160), (-10, -20, 40, 50), (395, 10, 450, 60)], 300, 400)
    assert [square.box for square in placed] == [(63, 73, 177, 187), (0, 0, 82, 82)]
    assert all(square.painted_px == FACE_PX for square in placed)
    (large,) = squares([(0, 0, 2000, 2000)], 4000, 4000)
    assert large.painted_px == 2 * FACE_PX
    assert len(squares([(10, 10, 30, 30)] * 50, 100, 100)) == MAX_FACES


def test_a_face_is_put_back_where_it_was_and_fades_into_the_picture() -> None:
    (square,) = squares([(40.0, 40.0, 80.0, 80.0)], 128, 128)
    left, top, right, bottom = square.box
    whole, white = torch.zeros(1, 3, 128, 128), torch.ones(1, 3, FACE_PX, FACE_PX)
    put_back(whole, white, square)
    outside = whole.clone()
    outside[..., top:bottom, left:right] = 0
    assert outside.max() == 0
    assert whole[0, 0, 60, 60] == 1
    assert whole.diff(dim=-1).abs().max() < 0.12 and whole[0, 0, 60, left] < 0.05


def test_at_the_pictures_own_border_nothing_fades() -> None:
    (square,) = squares([(0.0, 40.0, 40.0, 80.0)], 128, 128)
    whole = torch.zeros(1, 3, 128, 128)
    put_back(whole, torch.ones(1, 3, 76, 58), square)
    assert square.box[0] == 0 and whole[0, 0, 60, 0] == 1


def test_what_is_cut_out_comes_back_the_same() -> None:
    x = torch.nn.functional.interpolate(
        torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(2)), size=(200, 200), mode="bicubic"
    ).clamp(0, 1)
    (square,) = squares([(60.0, 60.0, 130.0, 140.0)], 200, 200)
    assert max(cut(x, square).shape) == FACE_PX
    back = x.clone()
    put_back(back, cut(x, square), square)
    assert (back - x).abs().max() < 0.01


def test_only_the_face_changes_and_it_keeps_more_of_its_features(photo: Picture) -> None:
    (plain, _), (finer, result) = (painted(engine(FACE), photo, brush=2.0, faces=how) for how in ("", SAME_MODEL))
    ((left, top, right, bottom),) = (square.box for square in squares([FACE], 512, 512))
    changed = (plain != finer).any(axis=2)
    inside = np.zeros_like(changed)
    inside[top:bottom, left:right] = True
    assert changed[inside].mean() > 0.9 and not changed[~inside].any()
    assert result.notes == ("Faces found and painted on their own: 1.",)
    rows, columns = slice(100, 150), slice(195, 250)  # eyes and nose
    apart = [
        np.corrcoef(each[rows, columns].ravel(), photo.pixels[rows, columns].ravel())[0, 1] for each in (plain, finer)
    ]
    assert apart[1] > apart[0] + 0.05


def test_without_faces_the_picture_is_painted_as_always_and_that_is_told(photo: Picture) -> None:
    (plain, _), (same, result) = (painted(engine(), photo, faces=how) for how in ("", SAME_MODEL))
    assert (plain == same).all() and result.notes == (NO_FACES,)


def test_a_face_that_is_large_already_is_painted_with_the_rest(photo: Picture) -> None:
    large = (100.0, 50.0, 400.0, 450.0)
    (plain, _), (same, result) = (painted(engine(large), photo, faces=how) for how in ("", SAME_MODEL))
    assert (plain == same).all() and result.notes == (NO_FACES,)


def test_the_models_own_name_means_the_same_model(photo: Picture) -> None:
    (same, _), (named, result) = (painted(engine(FACE), photo, faces=how) for how in (SAME_MODEL, "ganedit-painter"))
    assert (same == named).all() and "+" not in result.model


def test_another_model_with_one_look_paints_the_faces(photo: Picture, tmp_path: Path) -> None:
    torch.save(randomize(AnimeGANv2(4)).state_dict(), tmp_path / "drawn.pth")
    other = engine(FACE, folder=tmp_path)
    wave = open_picture(EXAMPLES / "styles/wave.jpg")
    plain, drawn = (
        other.run(StylizeRequest(photo, wave, ANY_STYLE_MODEL, faces=how)).images[0].pixels for how in ("", "drawn")
    )
    changed = (plain != drawn).any(axis=2)
    assert changed[100:150, 195:250].mean() > 0.9 and not changed[300:].any()


def test_a_model_with_many_styles_or_none_of_this_task_is_refused_for_the_faces(photo: Picture) -> None:
    with pytest.raises(
        BadRequestError, match="ganedit-painter has several styles, so it paints faces only with the rest"
    ):
        engine(FACE).run(
            StylizeRequest(photo, open_picture(EXAMPLES / "styles/wave.jpg"), ANY_STYLE_MODEL, faces="ganedit-painter")
        )
    with pytest.raises(BadRequestError, match="repaints no pictures"):
        painted(engine(FACE), photo, faces="migan-512")


def test_without_a_finder_all_is_painted_and_the_reason_is_told(
    photo: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = engine(FACE)

    def missing() -> FaceFinder:
        raise WeightsUnavailableError("It cannot be had.")

    monkeypatch.setattr(mine.registry, "load_face_finder", missing)
    (plain, _), (same, result) = painted(mine, photo), painted(mine, photo, faces=SAME_MODEL)
    assert (plain == same).all()
    assert result.notes == ("Faces are painted like the rest: It cannot be had.",)


def test_a_run_tells_of_each_face_and_stops_between_two(photo: Picture) -> None:
    steps = engine(FACE, (20.0, 20.0, 60.0, 70.0)).stream(StylizeRequest(photo, faces=SAME_MODEL))
    told = next(step for step in steps if isinstance(step, Progress) and step.stage == "faces")
    assert (told.done, told.total) == (0, 2)
    steps.close()  # type: ignore[attr-defined]
    assert next(steps, None) is None


def test_faces_of_a_clip_are_painted_too(photo: Picture) -> None:
    frames = (photo, photo)
    plain, finer = (
        engine(FACE).run(ClipRequest(frames, StylizeRequest(photo, faces=how))).images for how in ("", SAME_MODEL)
    )
    changed = (plain[1].pixels != finer[1].pixels).any(axis=2)
    assert changed[100:150, 195:250].mean() > 0.9 and not changed[300:].any()
