"""Generators in ONNX files: the pictures that onnxruntime itself gives, and files that mean harm."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ganedit.errors import BadCheckpointError
from ganedit.models import onnx_sessions
from ganedit.models.generators import PictureGenerator
from ganedit.models.registry import Registry
from ganedit.requests import GenerateRequest
from ganedit.tasks.generate import generate

Z_DIM = 16
NODE = helper.make_node


def save(path: Path, nodes: Sequence[NodeProto], given: Sequence[Any], made: Sequence[Any], **constants: Any) -> Path:
    """Write a graph from ``z`` to ``picture``; ``given`` and ``made`` are their shapes."""
    graph = helper.make_graph(
        nodes,
        "generator",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, given)],
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, made)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())  # onnx.save refuses the worst
    return path


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(0, 0.3, shape).astype(np.float32)


def as_tf2onnx_writes_it(path: Path) -> Path:
    """A DCGAN of 16 px from Keras: dense, batch norm as factor and offset, channels last at both ends."""
    up = {"kernel_shape": [4, 4], "strides": [2, 2], "auto_pad": "SAME_UPPER"}
    nodes = [
        NODE("MatMul", ["z", "dense"], ["d"]),
        NODE("Mul", ["d", "factor"], ["m"]),
        NODE("Add", ["m", "offset"], ["a"]),
        NODE("LeakyRelu", ["a"], ["r"], alpha=0.2),
        NODE("Shape", ["r"], ["s"]),
        NODE("Cast", ["s"], ["s32"], to=TensorProto.INT32),
        NODE("Slice", ["s32", "zero", "one", "zero"], ["count"]),
        NODE("Concat", ["count", "map"], ["side32"], axis=0),
        NODE("Cast", ["side32"], ["sides"], to=TensorProto.INT64),
        NODE("Reshape", ["r", "sides"], ["last"]),
        NODE("Transpose", ["last"], ["first"], perm=[0, 3, 1, 2]),
        NODE("ConvTranspose", ["first", "up1"], ["u1"], **up),
        NODE("Relu", ["u1"], ["u1r"]),
        NODE("ConvTranspose", ["u1r", "up2", "bias"], ["u2"], **up),
        NODE("Tanh", ["u2"], ["t"]),
        NODE("Transpose", ["t"], ["picture"], perm=[0, 2, 3, 1]),
    ]
    constants = {
        "dense": weights(Z_DIM, 4 * 4 * 8),
        "factor": 1 + weights(4 * 4 * 8),
        "offset": weights(4 * 4 * 8),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "map": np.array([4, 4, 8], np.int32),
        "up1": weights(8, 6, 4, 4),
        "up2": weights(6, 3, 4, 4),
        "bias": weights(3),
    }
    return save(path, nodes, ["unk__1", Z_DIM], ["unk__2", 16, 16, 3], **constants)


def as_torch_writes_it(path: Path, count: str | int = "batch") -> Path:
    """One convolution of 8 px in gray, channels first, z as a map of one pixel, pictures in [0, 1]."""
    nodes = [NODE("ConvTranspose", ["z", "up"], ["u"]), NODE("Sigmoid", ["u"], ["picture"])]
    return save(path, nodes, [count, Z_DIM, 1, 1], [count, 1, 8, 8], up=weights(Z_DIM, 1, 8, 8))


def own_answer(path: Path, z: np.ndarray) -> np.ndarray:
    return np.asarray(onnxruntime.InferenceSession(path).run(None, {"z": z})[0])


def test_a_generator_from_tensorflow_gives_its_own_pictures(tmp_path: Path) -> None:
    path = as_tf2onnx_writes_it(tmp_path / "g.onnx")
    generator = PictureGenerator.read(path, "onnx")
    assert (generator.z_dim, generator.resolution, generator.condition) == (Z_DIM, 16, "none")
    assert generator.bytes == path.stat().st_size
    z = generator.latents(3, seed=5)
    expected = own_answer(path, z.numpy())
    assert expected.min() < -0.5 and expected.max() > 0.5
    np.testing.assert_allclose(generator._network(z).permute(0, 2, 3, 1).numpy(), expected, atol=1e-4)
    assert np.abs(generator.draw(z).astype(int) - (expected + 1) * 127.5).max() <= 0.51


@pytest.mark.parametrize("count", ["batch", 1])
def test_channels_first_gray_from_zero_to_one_and_one_at_a_time_are_understood(
    tmp_path: Path, count: str | int
) -> None:
    path = as_torch_writes_it(tmp_path / "g.onnx", count)
    generator = PictureGenerator.read(path, "onnx")
    z = generator.latents(3, seed=5)
    expected = np.concatenate([own_answer(path, row.reshape(1, Z_DIM, 1, 1).numpy()) for row in z])
    np.testing.assert_allclose(generator._network(z).numpy(), 2 * expected - 1, atol=1e-4)
    pictures = generator.draw(z)
    assert pictures.shape == (3, 8, 8, 3) and (pictures[..., 0] == pictures[..., 2]).all()
    assert np.abs(pictures[..., 0].astype(int) - expected[:, 0] * 255).max() <= 0.51


def test_an_onnx_file_dropped_into_the_folder_draws_by_its_name(tmp_path: Path) -> None:
    as_tf2onnx_writes_it(tmp_path / "weights" / "mine.onnx")
    registry = Registry((), weights=tmp_path / "weights", cache=tmp_path / "cache")
    [card] = registry.cards("generate")
    assert (card.id, card.arch) == ("mine", "ONNX")
    run = generate(GenerateRequest("mine", seed=1, count=2), registry.load_generator("mine"))
    with pytest.raises(StopIteration) as end:
        while True:
            next(run)
    pictures, notes = end.value.value
    assert [picture.width for picture in pictures] == [16, 16] and notes == ()


def refused(path: Path, match: str) -> None:
    with pytest.raises(BadCheckpointError, match=match) as told:
        PictureGenerator.read(path, "onnx")
    assert path.name in str(told.value)


def test_weights_in_other_files_are_refused_though_they_are_there(tmp_path: Path) -> None:
    model = onnx.load(as_tf2onnx_writes_it(tmp_path / "whole.onnx"))
    onnx.save(model, tmp_path / "g.onnx", save_as_external_data=True, location="secret", size_threshold=0)
    assert (tmp_path / "secret").exists()
    refused(tmp_path / "g.onnx", "other files")


def test_weights_in_other_files_are_found_deep_inside(tmp_path: Path) -> None:
    value = numpy_helper.from_array(weights(Z_DIM, 192), "w")
    value.data_location = TensorProto.EXTERNAL
    value.external_data.add(key="location", value="/etc/hostname")
    nodes = [
        NODE("Constant", [], ["w"], value=value),
        NODE("MatMul", ["z", "w"], ["m"]),
        NODE("Reshape", ["m", "sides"], ["picture"]),
    ]
    sides = np.array([-1, 8, 8, 3], np.int64)
    refused(save(tmp_path / "g.onnx", nodes, ["n", Z_DIM], ["n", 8, 8, 3], sides=sides), "other files")


def test_loops_and_operators_of_others_are_refused(tmp_path: Path) -> None:
    body = helper.make_graph(
        [NODE("Identity", ["go"], ["on"])],
        "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("go", 9, [])],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
    )
    loop = [NODE("Loop", ["", "yes"], [], body=body), NODE("Identity", ["z"], ["picture"])]
    refused(save(tmp_path / "loop.onnx", loop, ["n", 4], ["n", 4], yes=np.array(True)), "Loop")
    foreign = [NODE("Shell", ["z"], ["picture"], domain="evil")]
    refused(save(tmp_path / "shell.onnx", foreign, ["n", 4], ["n", 4]), "Shell")


@pytest.mark.parametrize("hidden", [False, True])
def test_more_memory_than_is_allowed_is_refused_also_where_the_file_does_not_show_it(
    tmp_path: Path, hidden: bool
) -> None:
    """The largest array has 2**33 bytes; its length stands in the file, or comes out of z."""
    nodes = [
        NODE("ReduceSum", ["z"], ["sum"], keepdims=0),
        NODE("Mul", ["sum", "nothing"], ["none"]),
        NODE("Add", ["none", "much"], ["length"]),
        NODE("Cast", ["length"], ["whole"], to=TensorProto.INT64),
        NODE("Reshape", ["whole", "one"], ["sides"]),
    ]
    tail = [
        NODE("ConstantOfShape", ["sides"], ["giant"]),
        NODE("ReduceMax", ["giant"], ["zero"], keepdims=0),
        NODE("Add", ["z", "zero"], ["shifted"]),
        NODE("Reshape", ["shifted", "map"], ["picture"]),
    ]
    constants = {"map": np.array([-1, 4, 4, 1], np.int64)}
    if hidden:
        numbers = {"nothing": np.float32(0), "much": np.float32(2**31), "one": np.array([1], np.int64)}
        path = save(tmp_path / "g.onnx", [*nodes, *tail], ["n", Z_DIM], ["n", 4, 4, 1], **constants, **numbers)
    else:
        path = save(
            tmp_path / "g.onnx", tail, ["n", Z_DIM], ["n", 4, 4, 1], **constants, sides=np.array([2**31], np.int64)
        )
    assert onnx_sessions.CONFINED_BYTES < 2**33
    refused(path, "could not be run")


@pytest.mark.parametrize(
    ("given", "node", "match"),
    [
        (["n", 3, 8, 8], NODE("Tanh", ["z"], ["picture"]), "one vector z"),
        (["n", "z_dim"], NODE("Tanh", ["z"], ["picture"]), "one vector z"),
        (["n", 1 << 20], NODE("Tanh", ["z"], ["picture"]), "one vector z"),
        (["n", 12], NODE("Tanh", ["z"], ["picture"]), "not square pictures"),
    ],
)
def test_what_is_no_generator_is_refused(tmp_path: Path, given: list, node: NodeProto, match: str) -> None:
    refused(save(tmp_path / "g.onnx", [node], given, given), match)


def test_pictures_in_no_known_range_are_refused(tmp_path: Path) -> None:
    for name, factor in {"bytes": 255.0, "numbers": np.nan}.items():
        nodes = [
            NODE("Reshape", ["z", "map"], ["p"]),
            NODE("Sigmoid", ["p"], ["s"]),
            NODE("Mul", ["s", "factor"], ["picture"]),
        ]
        constants = {"map": np.array([-1, 1, 4, 4], np.int64), "factor": np.float32(factor)}
        path = save(tmp_path / f"{name}.onnx", nodes, ["n", Z_DIM], ["n", 1, 4, 4], **constants)
        refused(path, "tanh or sigmoid")


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "g.onnx").write_bytes(np.random.default_rng(0).bytes(999))
    refused(tmp_path / "g.onnx", "damaged")
    whole = as_tf2onnx_writes_it(tmp_path / "whole.onnx").read_bytes()
    (tmp_path / "half.onnx").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "half.onnx", "damaged")


def test_the_same_z_gives_the_same_bits_alone(tmp_path: Path) -> None:
    generator = PictureGenerator.read(as_tf2onnx_writes_it(tmp_path / "g.onnx"), "onnx")
    z = generator.latents(1, seed=9)
    assert torch.equal(generator._network(z), generator._network(z.clone()))
