"""Who may import whom: downwards only. The design's table, enforced."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# For each part of the package, the parts that it may import besides itself.
ALLOWED = {
    "errors": set(),
    "budget": {"errors"},
    "card": set(),
    "stopping": set(),
    "files": {"errors"},
    "sets": {"errors", "files"},
    "address": {"errors"},
    "color": set(),
    "image": {"errors", "color"},
    "cicp": {"image"},
    "exif": set(),
    "deep": {"image"},
    "tiff": {"errors", "budget", "image", "deep"},
    "decode": {"errors", "budget", "image", "color", "cicp", "exif", "deep", "tiff"},
    "masks": {"errors", "files", "image", "formats"},
    "xmp": {"errors"},
    "formats": {"errors", "files", "image", "color", "decode", "exif", "tiff", "xmp"},
    "requests": {"errors", "image"},
    "wording": {"errors"},
    "provenance": {"requests", "xmp"},
    "sources": {"errors", "card", "models"},
    "models": {"errors", "files", "card", "sources", "requests"},
    "tasks": {"errors", "models", "image", "requests"},
    "generation": {"errors", "tasks", "models", "card", "image", "requests"},
    "stylization": {"errors", "tasks", "models", "image", "requests"},
    "defaults": {"errors", "image", "models", "requests"},
    "engine": {
        "errors",
        "defaults",
        "generation",
        "stylization",
        "tasks",
        "models",
        "card",
        "image",
        "masks",
        "requests",
        "provenance",
    },
    "ui": {
        "errors",
        "defaults",
        "budget",
        "files",
        "stopping",
        "engine",
        "card",
        "sources",
        "image",
        "clips",
        "masks",
        "formats",
        "requests",
        "wording",
        "provenance",
        "xmp",
    },
    "cli": {
        "errors",
        "files",
        "stopping",
        "console",
        "cli_generate",
        "cli_stylize",
        "cli_train",
        "engine",
        "models",
        "masks",
        "formats",
        "clips",
        "requests",
        "wording",
        "provenance",
    },
    "console": {"errors", "engine", "formats", "provenance", "requests"},
    "cli_generate": {"errors", "files", "console", "formats", "clips", "requests", "provenance"},
    "cli_stylize": {
        *("errors", "files", "stopping", "console", "engine", "folders", "formats", "image", "clips", "requests"),
        *("wording", "provenance"),
    },
    "clips": {"errors", "files", "image", "requests", "xmp"},
    "folders": {"errors"},
    "cli_train": {"errors", "files", "stopping", "console", "formats", "training", "metrics"},
    "training": {"errors", "budget", "files", "sets", "card", "sources", "models", "image", "formats"},
    "metrics": {"errors", "budget", "sets", "card", "sources", "models", "image", "formats"},
    "__main__": {"cli", "stopping"},
    "app": {"errors", "address", "stopping", "ui", "engine"},
}
OUTSIDE = {
    "gradio": {"ui", "app"},
    "torch": {"image", "models", "tasks", "engine", "training", "metrics"},
    "accelerate": {"training"},
    "torch_fidelity": {"metrics"},
    "spandrel": {"models"},
    "spandrel_extra_arches": {"models"},
    "onnxruntime": {"models"},
    "onnx": {"models"},
    "keras": {"models"},
    "tokenizers": {"models"},
    "diffusers": {"models"},
    "transformers": {"models"},
}


def part_of(module):
    """``ganedit.models.card`` is the part ``card``; other modules belong to the folder or file under ``ganedit``."""
    names = module.split(".")
    if names[-2:] in (["models", "card"], ["models", "sources"]):
        return names[-1]
    return names[1] if len(names) > 1 and names[0] == "ganedit" else names[0]


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            if node.module in ("ganedit", "ganedit.models") and not any(a.name.startswith("__") for a in node.names):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def modules():
    for path in [ROOT / "app.py", *sorted((ROOT / "ganedit").rglob("*.py"))]:
        yield path, ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize(("path", "module"), [pytest.param(*pair, id=pair[1]) for pair in modules()])
def test_imports_point_downwards(path, module):
    own = part_of(module)
    for name in imports_of(path):
        if name.startswith("ganedit."):
            other = part_of(name)
            assert other == own or other in ALLOWED[own], f"{module} imports {name}"
        elif name.split(".")[0] in OUTSIDE:
            users = OUTSIDE[name.split(".")[0]]
            assert own in users, f"{module} imports {name}"


def test_the_package_has_no_drawer_for_odds_and_ends():
    names = {path.stem for path, _ in modules()}
    assert not names & {"utils", "helpers", "common", "base", "manager"}


def test_no_module_has_grown_past_one_sitting():
    long = {str(path): lines for path, _ in modules() if (lines := len(path.read_text("utf-8").splitlines())) > 400}
    assert not long
