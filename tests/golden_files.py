"""What the program said and drew when the golden files were written; ``GANEDIT_GOLDEN=write`` writes them anew.

A difference must be meant: look at it in the commit that changes the file.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

FOLDER = Path(__file__).with_name("golden")
TOLERANCE = 3.0
"""Mean difference in levels that another processor's rounding may make; another edit of a picture makes more."""


def check_text(name: str, text: str) -> None:
    """Compare a text with the one kept under a name."""
    path = FOLDER / name
    if _writes():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs"


def check_json(name: str, value: Any) -> None:
    """Compare plain data with what is kept under a name."""
    check_text(name, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def check_picture(name: str, image: Image.Image) -> None:
    """Compare a picture with the one kept: its bits on the kind of machine that wrote it, nearly so elsewhere."""
    path, hashes = FOLDER / "pictures" / f"{name}.png", FOLDER / "hashes.json"
    kept = json.loads(hashes.read_text(encoding="utf-8")) if hashes.exists() else {}
    digest = hashlib.sha256(np.asarray(image).tobytes()).hexdigest()[:16]
    if _writes():
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, optimize=True)
        kept = kept if kept.get("machine") == _machine() else {"machine": _machine()}
        check_json("hashes.json", kept | {name: digest})
        return
    with Image.open(path) as expected:
        assert (image.mode, image.size) == (expected.mode, expected.size)
        step = np.abs(np.asarray(image).astype(float) - np.asarray(expected)).mean()
    assert step <= TOLERANCE, f"{name} is {step:.1f} levels away from what it was"
    assert kept["machine"] != _machine() or kept[name] == digest, f"{name} is not the same bit for bit"


def _writes() -> bool:
    return os.environ.get("GANEDIT_GOLDEN") == "write"


def _machine() -> str:
    """Name what decides how a sum is rounded: the processor's instructions, its cores, and torch."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # only Linux says it there
        return "unknown"
    told = [line for line in text.splitlines() if line.startswith(("flags", "model\t", "cpu family"))]
    facts = [*dict.fromkeys(told), str(torch.get_num_threads()), torch.__version__]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
