"""What a generator is told: faces of one kind, whole, with what was asked; what cannot be had together is said."""

import numpy as np
import pytest
import torch

from ganedit.errors import BadRequestError
from ganedit.models.archs.fastgan import Generator
from ganedit.models.conditions import entries_of, multi_hot
from ganedit.models.generators import PictureGenerator
from ganedit.models.snapshots import Snapshot
from ganedit.requests import Told
from ganedit.tasks.telling import Origin, Teller, check_told

# Two styles: one has eyes and hair of some length, the other glasses and hair of some shape.
TABLE = {
    "eyes": ["open", "wink"],
    "glasses": ["none", "round"],
    "hair": ["bun", "long"],
    "hair color": ["blue", "red"],
    "hair length": ["long", "short"],
}
ROWS = [
    *(
        {"eyes": eyes, "hair color": color, "hair length": "long"}
        for eyes in TABLE["eyes"]
        for color in ("blue", "red")
    ),
    *({"glasses": each, "hair color": color, "hair": "bun"} for each in TABLE["glasses"] for color in ("blue", "red")),
]


@pytest.fixture(scope="module")
def generator() -> PictureGenerator:
    torch.manual_seed(0)
    entries = entries_of(TABLE)
    network = Generator(z_dim=4, resolution=16, widths=[8, 8, 8], c_dim=len(entries)).eval()
    examples = [[entries[pair] for pair in row.items()] for row in ROWS]
    facts = {"condition": "attributes", "attributes": TABLE, "examples": examples}
    return PictureGenerator(Snapshot(network, "fastgan", network.config, facts))


def faces(told: Told, generator: PictureGenerator, origin: Origin | None = None) -> list[dict[str, str]]:
    teller, pairs = Teller(told, generator), list(entries_of(TABLE))
    conditions = [teller.condition(seed, origin) for seed in range(40)]
    return [dict(pairs[entry] for entry in np.flatnonzero(each)) for each in conditions if each is not None]


def kinds(found: list[dict[str, str]]) -> set[frozenset[str]]:
    return {frozenset(face) for face in found}


def test_what_is_left_open_is_drawn_from_both_kinds_and_never_mixed(generator: PictureGenerator) -> None:
    found = faces(Told(), generator)
    assert kinds(found) == {frozenset(ROWS[0]), frozenset(ROWS[-1])}
    assert {face["hair color"] for face in found} == {"blue", "red"}


def test_a_kind_that_can_have_what_was_asked_is_chosen(generator: PictureGenerator) -> None:
    found = faces(Told(text="red hair, round glasses"), generator)
    assert kinds(found) == {frozenset(ROWS[-1])}
    assert all(face["glasses"] == "round" and face["hair color"] == "red" for face in found)
    assert len(Teller(Told(text="red hair, round glasses"), generator).notes) == 1


def test_one_word_for_two_attributes_is_met_by_either(generator: PictureGenerator) -> None:
    told = Told(text="long hair")
    assert all(face["hair length"] == "long" for face in faces(told, generator))
    assert not any("without" in note for note in Teller(told, generator).notes)


def test_what_no_kind_has_together_is_said_and_no_face_is_half_of_another_kind(generator: PictureGenerator) -> None:
    told = Told(text="long hair, round glasses")
    found = faces(told, generator)
    assert kinds(found) == {frozenset(ROWS[0]), frozenset(ROWS[-1])}
    assert "some are without long, round" in Teller(told, generator).notes[-1]


def test_neighbors_are_of_the_same_kind_and_differ_little(generator: PictureGenerator) -> None:
    origin = faces(Told(), generator)[3]
    near, far = (faces(Told(), generator, Origin(3, share)) for share in (0.2, 1.0))
    assert kinds(near) == kinds(far) == {frozenset(origin)}
    changed = [np.mean([face != origin for face in each]) for each in (near, far)]
    assert 0 < changed[0] < changed[1]
    assert all(face == origin for face in faces(Told(), generator, Origin(3, 0.0)))


def test_attributes_asked_by_name_are_always_told(generator: PictureGenerator) -> None:
    assert all(face["glasses"] == "round" for face in faces(Told(attributes={"glasses": "round"}), generator))
    with pytest.raises(BadRequestError, match="There is no attribute hat"):
        Teller(Told(attributes={"hat": "cap"}), generator)
    with pytest.raises(BadRequestError, match="is told attributes, not class"):
        check_told(Told(class_name="sea"), generator, "faces")


def test_without_examples_every_attribute_has_a_value() -> None:
    facts = {"condition": "attributes", "attributes": TABLE}
    network = Generator(z_dim=4, resolution=16, widths=[8, 8, 8], c_dim=len(entries_of(TABLE))).eval()
    bare = PictureGenerator(Snapshot(network, "fastgan", network.config, facts))
    condition = Teller(Told(text="red hair"), bare).condition(1)
    assert condition is not None
    face = dict(list(entries_of(TABLE))[entry] for entry in np.flatnonzero(condition))
    assert face.keys() == TABLE.keys() and face["hair color"] == "red"
    assert (multi_hot(TABLE, {name: [value] for name, value in face.items()}) == condition).all()


def test_what_no_generator_reads_is_refused_before_any_work() -> None:
    Told(text="hair " * 200)
    for told in (
        lambda: Told(text="hair " * 4000),
        lambda: Told(class_name="x" * 1001),
        lambda: Told(attributes={"hair": "red" * 400}),
    ):
        with pytest.raises(BadRequestError, match="At most 1000 letters"):
            told()
