"""Where faces are found: real weights on real pictures, at any size, and what comes of damaged files."""

import shutil
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.formats import open_picture
from ganedit.image import to_tensor
from ganedit.models import sources
from ganedit.models.faces import FaceFinder, load_face_finder
from ganedit.models.feature_cards import MTCNN

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"
EYES = [(0.42, 0.31), (0.53, 0.31)]  # of the astronaut, as shares of the width and the height


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    if not sources.is_cached(MTCNN, sources.cache_dir()):
        pytest.skip("the face finder is not on this machine: `make test` fetches it")
    return load_face_finder()


def example(name: str) -> Tensor:
    return to_tensor(open_picture(EXAMPLES / name))


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_a_face_is_found_at_any_size(finder: FaceFinder, scale: float) -> None:
    x = F.interpolate(example("astronaut.jpg"), scale_factor=scale, mode="bilinear", antialias=True)
    height, width = x.shape[-2:]
    ((left, top, right, bottom),) = finder.find(x)
    for across, down in EYES:
        assert left < across * width < right and top < down * height < bottom
    assert 0.2 * width < right - left < 0.33 * width


def test_two_faces_are_two_and_the_larger_one_comes_first(finder: FaceFinder) -> None:
    one = example("astronaut.jpg")
    small = F.interpolate(one, scale_factor=0.5, mode="bilinear", antialias=True)
    both = F.pad(one, (0, small.shape[-1], 0, 0))
    both[..., : small.shape[-2], one.shape[-1] :] = small
    first, second = finder.find(both)
    assert first[2] < one.shape[-1] < second[0]
    assert first[2] - first[0] == pytest.approx(2 * (second[2] - second[0]), rel=0.25)


@pytest.mark.parametrize("name", ["cat.jpg", "shore.jpg", "cup.jpg", "coffee.jpg"])
def test_nothing_else_is_taken_for_a_face(finder: FaceFinder, name: str) -> None:
    assert finder.find(example(name)) == []


@pytest.mark.parametrize("size", [(1, 1), (8, 400), (23, 23)])
def test_a_picture_too_small_for_faces_has_none(finder: FaceFinder, size: tuple[int, int]) -> None:
    assert finder.find(torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))) == []


def test_weights_that_fit_another_network_are_told(
    finder: FaceFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (sources.locate(part, sources.cache_dir()) for part in MTCNN.parts)
    assert first and second and third
    for here, there in ((second, first), (first, second), (third, third)):
        shutil.copy(here, tmp_path / there.name)
    monkeypatch.setattr(sources, "fetch", lambda wanted, folder: (tmp_path / first.name, MTCNN))
    monkeypatch.setattr(sources, "verified", lambda part, folder: tmp_path / Path(part.locator).name)
    with pytest.raises(BadCheckpointError, match="finds no faces in a way that ganedit knows"):
        load_face_finder(tmp_path)


def test_offline_without_weights_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANEDIT_OFFLINE", "1")
    with pytest.raises(WeightsUnavailableError, match="offline"):
        load_face_finder(tmp_path)
