"""Hashes of files for which nobody publishes one: written down beside them at first use, and asked for ever after.

Hubs publish the SHA-256 of large files only. The small text files of a pipeline are fetched at a revision that cannot
change, and what came the first time is what counts from then on. So it is with weights whose authors publish none: they
are read as plain tensors, which cannot run, and the user is told.
"""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

from ganedit.models.card import Source

_AUTHORS = "https://efrosgans.eecs.berkeley.edu/"  # of CycleGAN


def may_pin(source: Source) -> bool:
    """Whether a file does without a published hash, and may.

    These are text of a pipeline at a fixed revision, and checkpoints of plain tensors from a host whose owners, their
    authors, publish none; the weights of a pipeline never.
    """
    fixed = re.fullmatch(r"hf:[^@]+@[0-9a-f]{40}/.+\.(json|txt)", source.locator)
    text = source.format == "diffusers" and fixed is not None
    tensors = source.format == "pth" and source.locator.startswith(_AUTHORS)
    return source.sha256 == "" and (text or tensors)


def known(path: Path) -> str | None:
    """The SHA-256 that was written down for a file; None if there was none yet."""
    try:
        return _beside(path).read_text("utf-8")[:64]
    except FileNotFoundError:
        return None


def pinned(path: Path) -> str:
    """The SHA-256 that was written down for a file; if there was none, the one it has now, written down."""
    digest = known(path)
    if digest is None:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with suppress(PermissionError):  # in a folder that others look after, it counts while the program runs
            _beside(path).write_text(f"{digest}  {path.name}\n", "utf-8")  # as ``sha256sum --check`` reads it
    return digest


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
