"""From a photo to a latent: the avatar model finds its own faces again, and says when a photo is none."""

import numpy as np
import pytest
from skimage import data

from ganedit.engine import Engine
from ganedit.errors import BadRequestError
from ganedit.image import Picture
from ganedit.requests import EditResult, GenerateRequest, Latent, Progress, ProjectRequest

MODEL = "ganedit-avatar"
STEPS = 30


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="module")
def face(engine: Engine) -> Picture:
    return engine.run(GenerateRequest(MODEL, 17)).images[0]


@pytest.fixture(scope="module")
def found(engine: Engine, face: Picture) -> EditResult:
    return engine.run(ProjectRequest(face, MODEL, STEPS))


def test_a_face_of_its_own_is_found(found: EditResult, face: Picture) -> None:
    assert found.scores["reach"] < 0.2 and found.notes == ()
    assert np.abs(found.images[0].pixels.astype(int) - face.pixels).mean() < 12


def test_the_style_draws_the_picture_that_was_shown(engine: Engine, found: EditResult) -> None:
    again = engine.run(GenerateRequest(MODEL, latent=Latent(style=found.style)))
    assert (again.images[0].pixels == found.images[0].pixels).all()


def test_a_photo_of_something_else_is_said_to_be_outside(engine: Engine) -> None:
    told: list[Progress] = []
    result = engine.run(ProjectRequest(Picture(data.coffee()), MODEL, STEPS), told.append)
    assert result.scores["reach"] > 1 and "outside of what ganedit-avatar can draw" in result.notes[-1]
    assert [step.done for step in told] == list(range(STEPS + 1))
    picture, error = result.images
    assert (picture.width, error.width) == (64, 64)


def test_too_many_steps_are_refused(engine: Engine, face: Picture) -> None:
    with pytest.raises(BadRequestError, match="From 1 to 1000 steps"):
        engine.run(ProjectRequest(face, MODEL, 5000))
