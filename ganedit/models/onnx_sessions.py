"""ONNX files at work in onnxruntime."""

from functools import cache
from pathlib import Path

import onnxruntime
import torch

from ganedit.errors import BadCheckpointError

CONFINED_BYTES = 4 << 30
"""Memory that the files of strangers may take, all together."""


def open_session(path: Path, *, confined: bool = False) -> onnxruntime.InferenceSession:
    """Open an ONNX file on the CPU.

    One thread a core that torch uses: measured with MI-GAN on two cores, one thread took 1.6 times as long and four
    twice as long. Waiting threads spin, a few percent faster than sleep, but stop with the run: torch needs the cores.

    Args:
        path: the file.
        confined: for a stranger's file: the run ends with an error when it asks for more than ``CONFINED_BYTES``.

    Raises:
        BadCheckpointError: it is damaged, or onnxruntime cannot run it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3  # exporters leave warnings behind that tell the user nothing
    if confined:
        _register_confined_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.log_severity_level = 4  # what goes wrong is told by the error alone
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a class of its own for each of its status codes
        raise BadCheckpointError(f"{path.name} is damaged or no ONNX file; fetch the model again.") from error


@cache
def _register_confined_memory() -> None:
    """Give onnxruntime a memory with an end; a process has one such."""
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg({"max_mem": CONFINED_BYTES}))
