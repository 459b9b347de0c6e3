"""The programs that ganedit is compared with, each called as its own documentation says."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganedit.models import sources
from ganedit.models.checkpoint import build_network, read_state_dict
from ganedit.models.registry import Registry

Upscale = Callable[[Tensor], Tensor]


def spandrel_float32(model_id: str) -> Upscale:
    """Call spandrel's descriptor as it comes: float32, default memory layout."""
    path, companion = _ncnn_pair(model_id)
    return build_network(read_state_dict(path, "ncnn", companion), model_id)


def ncnn(model_id: str, threads: int) -> Upscale:
    """Run ncnn's own CPU runtime on the same weights."""
    runtime: Any = import_module("ncnn")  # its package has no type information
    path, companion = _ncnn_pair(model_id)
    network = runtime.Net()
    network.opt.num_threads = threads
    network.load_param(str(companion))
    network.load_model(str(path))

    def run(x: Tensor) -> Tensor:
        extractor = network.create_extractor()
        extractor.input("data", runtime.Mat(x[0].numpy()).clone())
        # A copy, because the memory goes with the extractor.
        return torch.from_numpy(np.array(extractor.extract("output")[1], copy=True))[None]

    return run


def openvino_bfloat16(model_id: str, side_px: int, threads: int) -> Upscale:
    """Compile the same network with OpenVINO for one input size, in bfloat16."""
    openvino: Any = import_module("openvino")
    network = spandrel_float32(model_id).model  # type: ignore[attr-defined]
    with torch.no_grad():
        graph = openvino.convert_model(network, example_input=torch.rand(1, 3, side_px, side_px))
    graph.reshape([1, 3, side_px, side_px])
    settings = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": threads}
    compiled = openvino.Core().compile_model(graph, "CPU", settings)
    return lambda x: torch.from_numpy(compiled([x.numpy()])[0].copy())


def _ncnn_pair(model_id: str) -> tuple[Path, Path]:
    source = Registry().get(model_id).sources[0]
    weights, graph = (sources.locate(part, sources.cache_dir()) for part in source.parts)
    if weights is None or graph is None:
        raise SystemExit(f"The packaged weights of {model_id} are not installed; run make bench again.")
    return weights, graph
