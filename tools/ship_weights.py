"""Turn a snapshot into weights to ship: ``python -m tools.ship_weights SNAPSHOT OUT``.

OUT gets the same generator and facts in half precision, half the size; it prints what a card needs to know.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ganedit.models.snapshots import read_snapshot


def halve(snapshot: Path, out: Path) -> None:
    """Write floating-point tensors as float16; a network that reads them takes them back to float32."""
    read_snapshot(snapshot)  # refuses what is damaged
    with safe_open(snapshot, "pt") as file:
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dictionary
        metadata = file.metadata()
    half = {key: value.to(torch.float16) if value.is_floating_point() else value for key, value in state.items()}
    save_file(half, out, metadata=metadata)


def main() -> None:
    """Read the command line, write the weights, say what they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    halve(arguments.snapshot, arguments.out)
    data = arguments.out.read_bytes()
    print(json.dumps({"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}))


if __name__ == "__main__":
    main()
