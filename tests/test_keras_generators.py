"""Generators saved by Keras: the pictures that Keras itself gives, and files that mean harm."""

import importlib
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.models.generators import PictureGenerator
from ganedit.models.registry import Registry

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is first imported
keras: Any = importlib.import_module("keras")

Z_DIM = 16


def dcgan(last: str = "tanh") -> Any:
    """A DCGAN of 16 px, with batch statistics as training leaves them."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((Z_DIM,)),
            layers.Dense(4 * 4 * 8, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Reshape((4, 4, 8)),
            layers.Conv2DTranspose(6, 4, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation=last),
        ]
    )
    chance = np.random.default_rng(0)
    model.set_weights([np.abs(chance.normal(0.1, 0.5, value.shape)) for value in model.get_weights()])
    kernels = [value for value in model.trainable_weights if len(value.shape) > 1]
    for kernel in kernels:
        kernel.assign(chance.normal(0, 0.4, kernel.shape))
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    path, model = tmp_path_factory.mktemp("keras") / "g.keras", dcgan()
    model.save(path)
    return path, model


def test_a_dcgan_gives_the_pictures_that_keras_gives(saved: tuple[Path, Any]) -> None:
    path, model = saved
    generator = PictureGenerator.read(path, "keras")
    assert (generator.z_dim, generator.resolution, generator.condition) == (Z_DIM, 16, "none")
    assert generator.bytes == path.stat().st_size
    z = generator.latents(3, seed=5)
    expected = model.predict(z.numpy(), verbose=0)
    assert expected.min() < -0.5 and expected.max() > 0.5
    np.testing.assert_allclose(generator._network(z).permute(0, 2, 3, 1).numpy(), expected, atol=1e-4)
    assert np.abs(generator.draw(z).astype(int) - (expected + 1) * 127.5).max() <= 0.51


def test_pictures_from_zero_to_one_and_a_functional_model_with_operations_are_understood(tmp_path: Path) -> None:
    z = keras.Input((Z_DIM,))
    x = keras.layers.Dense(48, kernel_initializer="random_normal")(z)
    x = keras.layers.UpSampling2D()(keras.layers.Reshape((4, 4, 3))(x)) * 40 + 0.5
    model = keras.Model(z, keras.layers.Activation("sigmoid")(keras.ops.tanh(x)))
    model.compile("adam", "mse")  # what training left behind is not looked at
    model.save(tmp_path / "g.keras")
    generator = PictureGenerator.read(tmp_path / "g.keras", "keras")
    latents = generator.latents(2, seed=0)
    expected = model.predict(latents.numpy(), verbose=0)
    assert np.abs(generator.draw(latents).astype(int) - expected * 255).max() <= 0.51


def test_a_keras_file_dropped_into_the_folder_draws_by_its_name(saved: tuple[Path, Any], tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mine.keras").write_bytes(saved[0].read_bytes())
    registry = Registry((), weights=tmp_path / "weights", cache=tmp_path / "cache")
    [card] = registry.cards("generate")
    assert (card.id, card.arch) == ("mine", "Keras")
    generator = registry.load_generator("mine")
    assert isinstance(generator, PictureGenerator)
    assert generator.draw(generator.latents(1, seed=0)).shape == (1, 16, 16, 3)


def test_without_keras_the_file_says_what_to_install_and_works_once_it_is(
    saved: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mine.keras").write_bytes(saved[0].read_bytes())
    registry = Registry((), weights=tmp_path / "weights", cache=tmp_path / "cache")
    with monkeypatch.context() as missing:
        missing.setitem(sys.modules, "keras", None)
        with pytest.raises(WeightsUnavailableError, match="pip install -r requirements-keras"):
            PictureGenerator.read(saved[0], "keras")
        assert "pip install -r requirements-keras" in registry.problems["mine.keras"]
        assert registry.cards() == []
    assert [card.id for card in registry.cards()] == ["mine"]


def rewritten(path: Path, source: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Copy an archive with other members."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_layer(members: dict[str, bytes], layer: dict[str, Any]) -> None:
    config = json.loads(members["config.json"])
    config["config"]["layers"].append(layer)
    members["config.json"] = json.dumps(config).encode()


def refused(path: Path, match: str) -> None:
    with pytest.raises(BadCheckpointError, match=match) as told:
        PictureGenerator.read(path, "keras")
    assert path.name in str(told.value)


def test_a_lambda_layer_is_refused_and_never_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    z = keras.Input((Z_DIM,))
    command = f"open({str(mark)!r}, 'w').close()"
    program = keras.layers.Lambda(lambda x, command=command: (exec(command), x)[1], output_shape=(48,))
    x = keras.layers.Reshape((4, 4, 3))(program(keras.layers.Dense(48)(z)))
    keras.Model(z, x).save(tmp_path / "g.keras")
    mark.unlink(missing_ok=True)  # building the model ran it
    refused(tmp_path / "g.keras", "Lambda")
    assert not mark.exists()


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/tmp/x"}},
        {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "x"}},
        {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
        {"module": "os", "class_name": "system", "config": {"command": "true"}},
        {"module": None, "class_name": "Mine", "registered_name": "pack>Mine", "config": {}},
        {"class_name": "__lambda__", "config": {"value": "x"}},
        {"module": "keras.layers", "class_name": "Activation", "config": {"activation": {"class_name": "__lambda__"}}},
        {"module": ["keras"], "class_name": {"a": 1}, "config": {}},
    ],
)
def test_names_outside_the_list_are_refused(saved: tuple[Path, Any], tmp_path: Path, layer: dict[str, Any]) -> None:
    path = rewritten(tmp_path / "g.keras", saved[0], lambda members: with_layer(members, layer))
    refused(path, "can run code or is no part of a generator")


@pytest.mark.parametrize("name", ["../outside", "/tmp/ganedit-outside", "assets/vocabulary.txt", "extra.py"])
def test_other_members_are_refused_and_nothing_is_unpacked(saved: tuple[Path, Any], tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    path = rewritten(tmp_path / "in" / "g.keras", saved[0], lambda members: members.update({name: b"x"}))
    refused(path, "nothing else")
    assert [found.name for found in tmp_path.rglob("*")] == ["in", "g.keras"]
    assert not Path("/tmp/ganedit-outside").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "g.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"{}")
        archive.writestr("metadata.json", b"{}")
        archive.writestr("model.weights.h5", bytes(1 << 24))
    refused(tmp_path / "g.keras", "own size")


def test_a_network_larger_than_its_weights_is_refused_before_it_is_built(
    saved: tuple[Path, Any], tmp_path: Path
) -> None:
    dense = {"name": "d", "units": 1 << 20, "trainable": True}
    layers = [
        {"module": "keras.layers", "class_name": "Flatten", "config": {"name": "f"}},
        {"module": "keras.layers", "class_name": "Dense", "config": dense},
        {"module": "keras.layers", "class_name": "Dense", "config": dense | {"name": "e"}},  # 4 TiB
    ]

    def grow(members: dict[str, bytes]) -> None:
        for layer in layers:
            with_layer(members, layer)

    refused(rewritten(tmp_path / "g.keras", saved[0], grow), "memory")
    zoom = {"module": "keras.layers", "class_name": "UpSampling2D", "config": {"name": "u", "size": [1 << 14, 1 << 14]}}
    path = rewritten(tmp_path / "zoom.keras", saved[0], lambda members: with_layer(members, zoom))
    refused(path, "memory")


def test_what_is_no_generator_is_refused(tmp_path: Path) -> None:
    picture = keras.Input((8, 8, 3))
    keras.Model(picture, keras.layers.Conv2D(3, 3)(picture)).save(tmp_path / "d.keras")
    refused(tmp_path / "d.keras", "one vector z")
    z = keras.Input((Z_DIM,))
    keras.Model(z, keras.layers.Dense(1)(z)).save(tmp_path / "logit.keras")
    refused(tmp_path / "logit.keras", "not square pictures")


def test_a_damaged_file_is_one_sentence(saved: tuple[Path, Any], tmp_path: Path) -> None:
    (tmp_path / "g.keras").write_bytes(b"no archive")
    refused(tmp_path / "g.keras", "damaged")
    path = rewritten(tmp_path / "w.keras", saved[0], lambda members: members.update({"model.weights.h5": b"x" * 99999}))
    refused(path, "damaged")
    nested = b"[" * 100_000
    path = rewritten(tmp_path / "deep.keras", saved[0], lambda members: members.update({"config.json": nested}))
    refused(path, "damaged")
