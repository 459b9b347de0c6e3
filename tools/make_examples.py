"""Make the Inpaint tab's example pictures from what scikit-image carries: ``python tools/make_examples.py``."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFilter
from skimage import data

FOLDER = Path(__file__).parents[1] / "ganedit" / "ui" / "examples"


def main() -> None:
    """Write ``hairline.jpg``, a photograph aged by scratches, dust and grain, and ``cup.jpg``."""
    rng = np.random.default_rng(5)
    pixels = np.asarray(Image.fromarray(data.camera()).filter(ImageFilter.GaussianBlur(0.6))).astype(np.float32)
    pixels += rng.normal(0, 5, pixels.shape)
    aged = np.stack([pixels * 0.86 + 34, pixels * 0.82 + 24, pixels * 0.72 + 12], axis=2).clip(0, 255)
    for _ in range(16):
        start = rng.uniform(0, 512, 2)
        angle, length = rng.normal(np.pi / 2, 0.5), rng.uniform(60, 420)
        along = np.linspace(0, length, 8)[:, None] * [[np.cos(angle), np.sin(angle)]]
        points = (start + along + rng.normal(0, 2.5, (8, 2))) * 16
        shade = 245.0 if rng.random() < 0.75 else 35.0
        cv2.polylines(aged, [points.astype(np.int32)], False, (shade,) * 3, int(rng.integers(1, 4)), cv2.LINE_AA, 4)
    for _ in range(40):
        center = tuple(int(v) for v in rng.uniform(0, 512, 2))
        cv2.circle(aged, center, int(rng.integers(1, 4)), (240.0,) * 3, -1, cv2.LINE_AA)
    Image.fromarray(aged.astype(np.uint8)).save(FOLDER / "hairline.jpg", quality=88)
    Image.fromarray(data.coffee()).save(FOLDER / "cup.jpg", quality=88)


if __name__ == "__main__":
    main()
