"""Pictures of named things for training: which things, what is said of them, and how both looks are read."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from tools import prepare_objects as objects


def package(folder, name, files):
    with tarfile.open(folder / name, "w:gz") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def webp(color):
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), color).save(out, "WEBP", lossless=True)
    return out.getvalue()


def test_people_and_signs_are_left_out_and_the_order_is_that_of_the_list():
    entries = [
        {"hexcode": "1F577-FE0F", "label": "spider", "group": 3, "order": 9, "tags": ["bug"]},
        {"hexcode": "1F697", "label": "car", "group": 5, "order": 7},
        {"hexcode": "1F466", "label": "boy", "group": 1, "order": 1},
        {"hexcode": "1F1E6", "label": "regional indicator A"},
    ]
    things = objects.read_things(entries)
    assert things == [objects.Thing("1f697", "car", ()), objects.Thing("1f577", "spider", ("bug",))]


def test_only_a_tag_of_one_thing_that_no_other_name_is_nearer_to_is_a_caption_of_its_own():
    dog = objects.Thing("1", "dog", ("puppy", "animal", "walk", "dog", "leash"))
    cat = objects.Thing("2", "cat", ("animal",))
    cosines = {
        "puppy": np.array([0.8, 0.5]),
        "animal": np.array([0.6, 0.5]),
        "walk": np.array([0.3, 0.1]),
        "dog": np.array([1.0, 0.6]),
        "leash": np.array([0.5, 0.6]),
    }
    assert objects.captions([dog, cat], cosines) == [
        ["dog", "picture of dog", "puppy", "dog, animal", "dog, leash"],
        ["cat", "picture of cat", "cat, animal"],
    ]


def test_what_is_transparent_becomes_white():
    picture = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 4, 8))
    laid = np.asarray(objects.on_white(picture, 8))
    assert laid.shape == (8, 8, 3)
    assert laid[0, 0].tolist() == [255, 0, 0] and laid[0, 7].tolist() == [255, 255, 255]


def test_the_fluent_look_is_found_whether_its_name_has_the_variation_or_not(tmp_path):
    files = {"assets/1f577-fe0f.webp": webp("red"), "assets/1f697.webp": webp("blue"), "README.md": b""}
    package(tmp_path, "lobehub-fluent-emoji-3d-1.0.0.tgz", files)
    pictures = objects.fluent_pictures(tmp_path)
    assert {code: picture.convert("RGB").getpixel((3, 3)) for code, picture in pictures.items()} == {
        "1f577": (255, 0, 0),
        "1f697": (0, 0, 255),
    }


def test_the_noto_look_is_drawn_from_its_shapes(tmp_path):
    icons = {"width": 128, "icons": {"car": {"body": '<path fill="#00f" d="M0 0h64v128H0z"/>'}}}
    files = {"icons.json": json.dumps(icons).encode(), "chars.json": b'{"1f697": "car"}'}
    package(tmp_path, "iconify-json-noto-1.0.0.tgz", files)
    drawn = objects.on_white(objects.noto_pictures(tmp_path, ["1f697"], 16)["1f697"], 16)
    assert drawn.getpixel((2, 8)) == (0, 0, 255) and drawn.getpixel((13, 8)) == (255, 255, 255)


def test_a_missing_package_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="lobehub-fluent"):
        objects.fluent_pictures(tmp_path)
