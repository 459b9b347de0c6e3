"""Do the shipped generators draw what they are asked for? Judged by classifiers that saw real pictures alone.

The data must be prepared first, each by its tool; a part whose folder is missing says so in its table's place:

    python tools/prepare_avatars.py benchmarks/out/avatars --count 12000 --held-out 1000 --seed 11
    python tools/prepare_landscapes.py PACKAGE benchmarks/out/landscapes
    python tools/prepare_objects.py PACKAGES benchmarks/out/objects
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from benchmarks.timing import table
from ganedit.engine import Engine
from ganedit.metrics.evaluate import evaluate
from ganedit.metrics.features import effnet
from ganedit.models.conditions import entries_of, multi_hot, one_hot, text_condition
from ganedit.models.generators import PictureGenerator
from ganedit.models.registry import Registry
from ganedit.models.text import load_text_encoder
from ganedit.requests import GenerateRequest, Latent

OUT = Path(__file__).parent / "out"

_EPOCHS, _BATCH, _RATE = 8, 64, 2e-3
_AT_ONCE = 64
_A_CLASS = 40
_BEST = 5
_REPAINTS = 20
_TOP = 255

Rows = Sequence[Mapping[str, str]]


def tables() -> Iterator[str]:
    """All tables of this benchmark, each as soon as it is measured."""
    yield repainting()
    for name, measure in (("avatars", avatars), ("landscapes", landscapes), ("objects", objects)):
        ready, here = (OUT / name).is_dir(), Registry().is_installed(f"ganedit-{name.removesuffix('s')}")
        yield (
            measure(OUT / name) if ready and here else f"## {name.capitalize()}\n\nNot measured: no model, or no data."
        )


def _generator(name: str) -> PictureGenerator:
    found = Registry().load_generator(name)
    assert isinstance(found, PictureGenerator)
    return found


def _open(files: Sequence[Path], side_px: int) -> np.ndarray:
    """(N, side, side, 3) uint8."""
    pictures = []
    for file in files:
        with Image.open(file) as picture:
            pictures.append(np.asarray(picture.convert("RGB").resize((side_px, side_px), Image.Resampling.LANCZOS)))
    return np.stack(pictures)


def _draw(generator: PictureGenerator, conditions: np.ndarray) -> np.ndarray:
    """One picture a condition, seeds from 0 on."""
    z = generator.latents(len(conditions), 0)
    parts = range(0, len(conditions), _AT_ONCE)
    return np.concatenate([generator.draw(z[i : i + _AT_ONCE], conditions[i : i + _AT_ONCE]) for i in parts])


# ---------------------------------------------------------------------- latents


def repainting() -> str:
    """What a slider costs: a picture of the avatar model anew, along a direction, before it is enlarged."""
    engine, spent = Engine(), []
    for step in range(_REPAINTS + 1):
        request = GenerateRequest("ganedit-avatar", seed=1, latent=Latent(moves=(step / _REPAINTS,)))
        started = time.perf_counter()
        engine.run(request)
        spent.append(time.perf_counter() - started)
    rows = [["ganedit-avatar, 64 px", f"{median(spent[1:]) * 1000:.0f} ms", f"{max(spent[1:]) * 1000:.0f} ms"]]
    return "## Repainting while a slider moves\n\n" + table(["picture", "median", "longest"], rows)


# ---------------------------------------------------------------------- avatars


class Attributes(nn.Module):
    """Tells the attributes of 64 px avatars: four convolutions, and a score for each value of each attribute."""

    def __init__(self, values: int) -> None:
        """Take the number of values of all attributes together."""
        super().__init__()
        widths = (3, 32, 64, 128, 192)
        self.body = nn.Sequential()
        for a, b in pairwise(widths):
            self.body.extend([nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()])
        self.body.extend([nn.Flatten(), nn.Dropout(0.2), nn.Linear(192 * 16, values)])

    def forward(self, x: Tensor) -> Tensor:
        """Turn (N, 3, 64, 64) in [-1, 1] into (N, values) scores."""
        return self.body(x)


def avatars(data: Path) -> str:
    """Share of the requested attributes that a classifier of renders finds: in renders, and in generated pictures."""
    generator = _generator("ganedit-avatar")
    (train, told), (held_out, asked) = (_avatars(data / part) for part in ("train", "held-out"))
    judge = _learn_attributes(train, told, generator.attributes)
    conditions = np.concatenate([multi_hot(generator.attributes, {k: [v] for k, v in row.items()}) for row in asked])
    real, fake = (
        _found(judge, pictures, asked, generator.attributes) for pictures in (held_out, _draw(generator, conditions))
    )
    rows = [[name, f"{share:.1%}", f"{fake[name]:.1%}"] for name, share in real.items()]
    title = f"## Avatars: attributes found in {len(asked):,} pictures of unseen combinations\n\n"
    return title + table(["attribute", "in renders", "in generated pictures"], rows)


def _avatars(folder: Path) -> tuple[np.ndarray, Rows]:
    lines = [json.loads(line) for line in (folder / "attributes.jsonl").read_text(encoding="utf-8").splitlines()]
    return _open([folder / line["file"] for line in lines], 64), [line["attributes"] for line in lines]


def _as_input(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / (_TOP / 2) - 1


def _learn_attributes(pictures: np.ndarray, told: Rows, attributes: Mapping[str, Sequence[str]]) -> Attributes:
    torch.manual_seed(0)
    judge = Attributes(len(entries_of(attributes))).train()
    optimizer = torch.optim.AdamW(judge.parameters(), _RATE)
    steps = _EPOCHS * (len(pictures) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, steps)
    goals = {name: torch.tensor(_numbers(told, name, values)) for name, values in attributes.items()}
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(pictures))[: len(pictures) // _BATCH * _BATCH].split(_BATCH):
            scores = judge(_as_input(pictures[batch.numpy()]))
            losses = [
                F.cross_entropy(part, goals[name][batch], ignore_index=-1, reduction="sum") / _BATCH
                for name, part in _parts(scores, attributes)
            ]
            optimizer.zero_grad()
            torch.stack(losses).sum().backward()
            optimizer.step()
            schedule.step()
    return judge.eval()


def _numbers(told: Rows, name: str, values: Sequence[str]) -> list[int]:
    return [list(values).index(row[name]) if name in row else -1 for row in told]


def _parts(scores: Tensor, attributes: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Tensor]]:
    return zip(attributes, scores.split([len(values) for values in attributes.values()], dim=1), strict=True)


@torch.no_grad()
def _found(judge: Attributes, pictures: np.ndarray, asked: Rows, attributes: Mapping[str, Any]) -> dict[str, float]:
    """Give the share that is found of each attribute, and of all that was asked."""
    scores = torch.cat([judge(_as_input(part)) for part in np.array_split(pictures, -(-len(pictures) // _AT_ONCE))])
    right = {}
    for name, part in _parts(scores, attributes):
        goals = torch.tensor(_numbers(asked, name, attributes[name]))
        right[name] = (part.argmax(dim=1) == goals)[goals >= 0].float()
    return {"all": float(torch.cat(list(right.values())).mean())} | {k: float(v.mean()) for k, v in right.items()}


# ------------------------------------------------------------------- landscapes


def landscapes(data: Path) -> str:
    """How often a probe of real landscapes names the class of a held-out photo, and the class that was asked for."""
    generator, eye = _generator("ganedit-landscape"), effnet()
    train, held_out = (_by_class(data / part) for part in ("train", "held-out"))
    names = list(generator.class_names)
    shared = [name for name in names if name in held_out]
    x = {name: _see(eye, _open(train[name], generator.resolution)) for name in names}
    labels = np.repeat(np.arange(len(names)), [len(each) for each in x.values()])
    probe: Any = import_module("sklearn.pipeline").make_pipeline(
        import_module("sklearn.preprocessing").StandardScaler(),
        import_module("sklearn.linear_model").LogisticRegression(C=0.01, max_iter=2000, class_weight="balanced"),
    )
    probe.fit(np.concatenate(list(x.values())), labels)
    rows, counts = [], np.zeros((2, 2))
    for name in shared:
        number = names.index(name)
        fakes = _draw(generator, one_hot([number] * _A_CLASS, len(names)))
        shares = []
        for kind, pictures in enumerate((_open(held_out[name], generator.resolution), fakes)):
            hits = probe.predict(_see(eye, pictures)) == number
            counts[kind] += hits.sum(), len(hits)
            shares.append(f"{hits.mean():.0%} of {len(hits)}")
        rows.append([name, *shares])
    real, fake = counts[:, 0] / counts[:, 1]
    rows.append(["all", f"{real:.1%}", f"{fake:.1%}: {fake / real:.0%} of the photos' rate"])
    title = "## Landscapes: the class that a probe of EfficientNet-Lite0 features names\n\n"
    return title + table(["class", "held-out photos", "generated"], rows) + "\n\n" + _scores(data / "train")


def _by_class(folder: Path) -> dict[str, list[Path]]:
    return {each.name: sorted(each.glob("*.png")) for each in sorted(folder.iterdir()) if each.is_dir()}


def _see(eye: Any, pictures: np.ndarray) -> np.ndarray:
    return eye(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))


def _scores(data: Path) -> str:
    """The measures of ``ganedit evaluate``, with the real-against-real floor."""
    report = evaluate(data, Path(str(Registry().info("ganedit-landscape")["path"])), tier="quick", backbone="effnet")
    rows = [
        [number.name, f"{number.value:.4f}", "-" if number.floor is None else f"{number.floor:.4f}"]
        for number in report.numbers
    ]
    return table(["measure", "generated", "real against real"], rows)


# ---------------------------------------------------------------------- objects


def objects(data: Path) -> str:
    """How often a name's own picture is among the nearest to what is drawn for the name."""
    data = data / "fluent"
    generator, eye, encoder = _generator("ganedit-object"), effnet(), load_text_encoder()
    lines = [json.loads(line) for line in (data / "captions.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [line["caption"] for line in lines]
    real = _see(eye, _open([data / line["file"] for line in lines], generator.resolution))
    rows = []
    for kind, said in (("name", [each[0] for each in texts]), ("last caption", [each[-1] for each in texts])):
        fake = _see(eye, _draw(generator, text_condition(encoder.encode(said))))
        ranks = _ranks(fake, real)
        rows.append([kind, f"{np.mean(ranks < 1):.1%}", f"{np.mean(ranks < _BEST):.1%}"])
    title = f"## Objects: the name's own picture among the nearest of {len(lines)}\n\n"
    return title + table(["asked by", "nearest", f"among the {_BEST} nearest"], rows)


def _ranks(fake: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Give for each row of (N, D) how many real ones are nearer, by cosine, than the real one of the same row."""
    fake, real = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (fake, real))
    alike = fake @ real.T
    return (alike > np.diag(alike)[:, None]).sum(axis=1)
