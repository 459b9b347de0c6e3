"""``python -m benchmarks [NAME ...]``: measure, print tables, and keep them in ``benchmarks/results``."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> None:
    """Run the named benchmarks, all of them if none is named."""
    from benchmarks import generators, inpaint, known_answers, memory, quality, rivals, speed, stylize, training

    known = {
        "speed": speed.tables,
        "memory": memory.tables,
        "quality": quality.tables,
        "inpaint": inpaint.tables,
        "answers": known_answers.tables,
        "training": training.tables,
        "generators": generators.tables,
        "rivals": rivals.tables,
        "stylize": stylize.tables,
    }
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"There is no benchmark called {', '.join(sorted(unknown))}; choose from {', '.join(known)}.")
    RESULTS.mkdir(exist_ok=True)
    for name in names or known:
        parts = [_machine()]
        for table in known[name]():
            print(table, end="\n\n", flush=True)
            parts.append(table)
        (RESULTS / f"{name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _machine() -> str:
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    import torch

    return f"{cpu}, {torch.get_num_threads()} threads, PyTorch {version('torch')}, Python {platform.python_version()}"


if __name__ == "__main__":
    main(sys.argv[1:])
