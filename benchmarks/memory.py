"""Peak memory of a whole edit in a process of its own, from file to file."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.photos import photo, to_pil
from benchmarks.timing import table

_CHILD = """
import json, resource, runpy, sys
sys.argv = ["ganedit", *sys.argv[1:]]
try:
    runpy.run_module("ganedit", run_name="__main__")
except SystemExit as end:
    if end.code:
        raise
sys.stderr.write(json.dumps({"peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def peak(arguments: list[str]) -> tuple[float, float]:
    """Run ``python -m ganedit`` with arguments and ``--json``; gives the peak of its memory in GiB and its seconds."""
    command = [sys.executable, "-c", _CHILD, *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kib = json.loads(done.stderr.splitlines()[-1])["peak_kib"]
    return kib / 1024**2, json.loads(done.stdout)["seconds"]


def tables() -> list[str]:
    """All tables of this benchmark."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.png", Path(folder) / "out.png"
        to_pil(photo("coffee", 1744)).save(source)
        for scale, out in ((2, "12"), (4, "48")):
            gib, seconds = peak(["enhance", str(source), str(target), "--scale", str(scale)])
            rows.append(["realesr-animevideov3", f"3 to {out}", f"{gib:.2f} GiB", f"{seconds:.0f} s"])
    return ["## Peak memory, file to file\n\n" + table(["model", "megapixels", "peak", "edit"], rows)]
