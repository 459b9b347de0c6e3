"""Fit the weights in ``ganedit/tasks/scratches.py`` and measure them: ``python -m tools.fit_scratches``.

Pictures that scikit-image carries are aged, then scratched and dusted with fixed seeds, so that it is known which
pixels are damage. What `finds` collects there is weighed by a logistic regression. The weights are printed in the form
in which they stand in that file, and after them a table of how much damage they find and what they mark by mistake.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from skimage import data

sys.path.insert(0, str(Path(__file__).parents[1]))
from ganedit.tasks.scratches import Weights, finds, gray_planes, marked, score

PHOTOS = ("camera", "astronaut", "coffee", "chelsea", "rocket", "clock", "coins", "moon", "motorcycle")
TEXTURES = ("brick", "grass", "gravel", "page", "text")  # they consist of what looks like damage
# Factors and offsets of red, green and blue.
TONES = {"gray": ((1, 1, 1), (0, 0, 0)), "sepia": ((0.85, 0.78, 0.66), (45, 32, 20)), "faded": ((0.7,) * 3, (50,) * 3)}
FIT_SEEDS, FRESH_SEED = (0, 1, 2, 3), 9
SENSITIVITIES = (0.25, 0.5, 0.75)
VISIBLE_LEVELS, TOUCHED_LEVELS = 25, 2  # changes that should be found, and changes that may be found
SPECK_PX = 24  # side of the square that holds a speck of dust
PENALTY, NEWTON_STEPS = 1e-4, 12
LARGEST_PPM = 3000  # share of the picture, in millionths, above which larger finds weigh no more in the fit

Examples: TypeAlias = tuple[str, str, np.ndarray, np.ndarray, np.ndarray]
"""Name of a picture, "line" or "spot", and of K finds features (K, 13), truth in [0, 1] and importance, both (K,)."""


class Scene(NamedTuple):
    """A picture before and after its damage: (H, W, 3) uint8 both, and the change, (H, W) in levels of 255."""

    name: str
    aged: np.ndarray
    damaged: np.ndarray
    change: np.ndarray


def scenes(seed: int) -> Iterator[Scene]:
    """Damage every picture twice, at different sizes, grains and tones."""
    for number, name in enumerate(PHOTOS + TEXTURES):
        for again in range(2):
            rng = np.random.default_rng([seed, number, again])
            scale, grain = (1, 1.5, 2)[(number + again) % 3], (3, 6, 9)[(2 * number + again) % 3]
            before = aged(name, scale, grain, tuple(TONES)[(number + 2 * again) % 3], rng)
            after = damaged(before, rng)
            levels = (before.round().astype(np.uint8), after.round().astype(np.uint8))
            yield Scene(name, *levels, np.abs(after - before).mean(axis=2))


def aged(name: str, scale: float, grain: float, tone: str, rng: np.random.Generator) -> np.ndarray:
    """Give a picture as a scan of an old print, (H, W, 3) float32 in [0, 255], with grain in levels of 255."""
    pixels = data.stereo_motorcycle()[0] if name == "motorcycle" else getattr(data, name)()
    pixels = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
    pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    gray = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))[..., None]
    factor, offset = np.array(TONES[tone], np.float32)
    pixels = ((pixels + gray) / 2 if tone == "faded" else gray) * factor + offset
    noise = cv2.GaussianBlur(rng.normal(0, grain, gray.shape[:2]).astype(np.float32), (0, 0), 0.7)
    return (pixels + 1.9 * noise[..., None]).clip(0, 255)  # 1.9 makes up for what the blur takes from the grain


def damaged(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay 6 to 9 scratches or hairs and, growing with the picture, 20 or more specks on (H, W, 3) float32."""
    result, (height, width) = pixels.copy(), pixels.shape[:2]
    for _ in range(rng.integers(6, 10)):
        lay(result, scratch(height, width, rng) * rng.uniform(0.5, 1), rng)
    for _ in range(max(20, int(20 * (height * width) ** 0.5 / 512))):
        top, left = rng.integers(0, height - SPECK_PX), rng.integers(0, width - SPECK_PX)
        lay(result[top : top + SPECK_PX, left : left + SPECK_PX], speck(rng) * rng.uniform(0.6, 1), rng)
    return result


def lay(pixels: np.ndarray, opacity: np.ndarray, rng: np.random.Generator) -> None:
    """Blend a bright shade, or in about one of three cases a dark one, into (H, W, 3) float32 in place."""
    shade = rng.uniform(215, 255) if rng.random() < 0.65 else rng.uniform(0, 40)
    pixels += opacity[..., None] * (shade - pixels)


def scratch(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Give the opacity, (height, width) float32 in [0, 1], of a line that may be soft, or broken along its length."""
    kind = rng.choice(["film", "scratch", "scratch", "hair"])
    thickness = round(2 * rng.uniform(1, 2.5 if kind == "hair" else 5))
    canvas = np.zeros((2 * height, 2 * width), np.uint8)
    points = np.round(path(kind, height, width, rng) * 2 * 16).astype(np.int32)  # 4 bits behind the point
    cv2.polylines(canvas, [points], False, (255,), thickness, cv2.LINE_AA, 4)
    opacity = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if rng.random() < 0.5:
        opacity = cv2.GaussianBlur(opacity, (0, 0), rng.uniform(0.4, 0.8))
    if rng.random() < 0.3:
        gaps = rng.random((max(2, height // 24), max(2, width // 24))).astype(np.float32)
        gaps = cv2.resize(gaps, (width, height), interpolation=cv2.INTER_CUBIC)
        opacity = opacity * np.clip((gaps - 0.25) * 6, 0, 1)
    return opacity


def path(kind: str, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Give (N, 2) points x, y: "film" runs down the picture, "scratch" is long and anywhere, "hair" short and bent."""
    if kind == "film":
        start, end = (0, height) if rng.random() < 0.6 else np.sort(rng.uniform(0, height, 2))
        y = np.linspace(start, end, 50)
        x = rng.uniform(0, width) + rng.normal(0, 0.01) * (y - start) + np.cumsum(rng.normal(0, 0.25, 50))
        return np.stack([x, y], axis=1)
    bend, wobble, shortest, longest = (0.05, 0.06, 0.03, 0.15) if kind == "hair" else (0.01, 0.02, 0.08, 0.6)
    step = rng.uniform(shortest, longest) * max(height, width) / 40
    angles = rng.uniform(0, 2 * np.pi) + rng.normal(0, bend) * np.arange(40) + np.cumsum(rng.normal(0, wobble, 40))
    along = np.cumsum(np.stack([np.cos(angles), np.sin(angles)], axis=1), axis=0)
    return step * along + rng.uniform(-0.1, 1, 2) * [width, height]


def speck(rng: np.random.Generator) -> np.ndarray:
    """Give the opacity, (SPECK_PX, SPECK_PX) float32, of an ellipse that may have a smaller one beside it."""
    canvas = np.zeros((4 * SPECK_PX, 4 * SPECK_PX), np.uint8)
    radius, middle = rng.uniform(0.8, 5), 2 * SPECK_PX
    ellipses = [(middle, middle, 4 * radius, 4 * radius * rng.uniform(0.6, 1))]
    if rng.random() < 0.4:
        ellipses.append((*rng.normal(middle, 3 * radius, 2), 2.5 * radius, 1.5 * radius))
    for values in ellipses:
        x, y, long, short = (round(16 * value) for value in values)
        cv2.ellipse(canvas, (x, y), (long, short), rng.uniform(0, 180), 0, 360, (255,), -1, cv2.LINE_AA, 4)
    return cv2.resize(canvas, (SPECK_PX, SPECK_PX), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def examples(scene: Scene) -> Iterator[Examples]:
    """Say of every usable find in a scene how much of it is damage; its rim of a pixel counts as damage too."""
    touched = cv2.dilate((scene.change >= TOUCHED_LEVELS).astype(np.uint8), np.ones((3, 3), np.uint8)).reshape(-1)
    for kind, inside, labels, features, usable in finds(*gray_planes(scene.damaged)):
        areas = np.bincount(labels, minlength=len(usable))[usable]
        truth = np.bincount(labels, touched[inside], len(usable))[usable] / areas
        importance = np.sqrt(np.minimum(areas / touched.size * 1e6, LARGEST_PPM))
        yield scene.name, kind, features[usable], truth, importance


def fitted(known: Sequence[Examples]) -> Weights:
    """Fit the weights of both kinds, rounded as they are printed."""
    result: Weights = {}
    for kind in ("line", "spot"):
        columns = zip(*(part[2:] for part in known if part[1] == kind), strict=True)
        features, truth, importance = (np.concatenate(column) for column in columns)
        bias, weights = logistic(np.hstack([features, features**2]), truth, importance / importance.sum())
        linear, square = np.split(weights.round(3), 2)
        result[kind] = (round(bias, 3), linear, square)
    return result


def logistic(values: np.ndarray, truth: np.ndarray, importance: np.ndarray) -> tuple[float, np.ndarray]:
    """Give bias and weights (F,) for values (K, F), truth (K,) in [0, 1], importance (K,) with sum 1, by Newton."""
    center, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    inputs = np.hstack([(values - center) / spread, np.ones((len(values), 1))])
    weights = np.zeros(inputs.shape[1])
    for _ in range(NEWTON_STEPS):
        guess = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (importance * (guess - truth)) + PENALTY * weights
        curvature = inputs.T @ (inputs * (importance * guess * (1 - guess))[:, None]) + PENALTY * np.eye(len(weights))
        weights -= np.linalg.solve(curvature, slope)
    linear = weights[:-1] / spread
    return float(weights[-1] - linear @ center), linear


def shares(scene: Scene, weights: Weights) -> np.ndarray:
    """Give for each sensitivity three shares, (S, 3) in [0, 1].

    How much visible damage has a mark within 2 px; how much farther than 3 px from damage, and before it, is marked.
    """
    far = cv2.dilate((scene.change >= TOUCHED_LEVELS).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    odds = [score(far.shape, finds(*gray_planes(pixels)), weights) for pixels in (scene.damaged, scene.aged)]
    rows = []
    for sensitivity in SENSITIVITIES:
        mask, on_aged = (marked(values, sensitivity) for values in odds)
        near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        rows.append([near[scene.change >= VISIBLE_LEVELS].mean(), mask[far].mean(), on_aged.mean()])
    return np.array(rows)


def main() -> None:
    """Print the weights, then the table: fresh damage on the pictures of the fit, and on pictures left out of it."""
    known = [part for seed in FIT_SEEDS for scene in scenes(seed) for part in examples(scene)]
    weights = fitted(known)
    print("WEIGHTS: Weights = {")
    for kind, (bias, *arrays) in weights.items():
        rows = (f"        np.array([{', '.join(f'{value:.3f}' for value in values)}])," for values in arrays)
        print(f'    "{kind}": (', f"        {bias:.3f},", *rows, "    ),", sep="\n")
    print("}\n", flush=True)
    without = {name: fitted([part for part in known if part[0] != name]) for name in PHOTOS + TEXTURES}
    fresh = [(scene.name, shares(scene, weights), shares(scene, without[scene.name])) for scene in scenes(FRESH_SEED)]
    print("| pictures | sensitivity | recall | false marks | false marks, undamaged |", "|---" * 5 + "|", sep="\n")
    for kind, names in (("photos", PHOTOS), ("textures", TEXTURES)):
        for column, title in ((1, f"{kind}, fresh damage"), (2, f"{kind}, left out of the fit")):
            rows = 100 * np.mean([np.asarray(entry[column]) for entry in fresh if entry[0] in names], axis=0)
            for sensitivity, (found, false, undamaged) in zip(SENSITIVITIES, rows, strict=True):
                print(f"| {title} | {sensitivity} | {found:.0f} % | {false:.1f} % | {undamaged:.1f} % |")


if __name__ == "__main__":
    main()
