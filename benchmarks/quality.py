"""Which tool is right for which input: x4 from clean and from damaged pictures, against the original.

Two distances on EfficientNet-Lite0 features (Tan and Le 2019, arXiv:1905.11946, ImageNet weights, Apache-2.0), lower is
better. *Paired*: mean Euclidean distance between the features of the result and of the original, cell by cell: is this
the picture that was lost? *Patch*: Frechet distance between all cells of the results and all cells of the originals: do
they look like photographs? PSNR beside them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.features import Features
from benchmarks.photos import photo, shrink_clean, shrink_damaged
from benchmarks.timing import table
from ganedit.models.registry import Registry
from ganedit.tasks.fidelity import guard_color_

QUALITY_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")
TOOLS = ("bicubic", "realesr-animevideov3", "realesrgan-x4plus")


def tables() -> list[str]:
    """All tables of this benchmark."""
    registry, features = Registry(), Features()
    originals = [photo(name) for name in QUALITY_PHOTOS]
    inputs = {
        "clean (bicubic-downscaled)": [shrink_clean(x) for x in originals],
        "damaged (blur 2, noise 6, JPEG 60)": [shrink_damaged(x, seed) for seed, x in enumerate(originals)],
    }
    wanted = [features(x) for x in originals]
    rows = []
    for kind, pictures in inputs.items():
        for tool in TOOLS:
            results = [_upscale(registry, tool, x) for x in pictures]
            got = [features(y) for y in results]
            paired = torch.stack([(a - b).norm(dim=1).mean() for a, b in zip(got, wanted, strict=True)]).mean()
            patch = _frechet(torch.cat(got), torch.cat(wanted))
            errors = torch.stack([F.mse_loss(y, x) for y, x in zip(results, originals, strict=True)])
            psnr = (-10 * errors.log10()).mean()
            rows.append([kind, tool, f"{patch:.1f}", f"{paired:.2f}", f"{psnr:.2f}"])
    header = ["input", "tool", "patch distance", "paired distance", "PSNR, dB"]
    return [f"## x4 on {', '.join(QUALITY_PHOTOS)}\n\n" + table(header, rows)]


def _upscale(registry: Registry, tool: str, x: Tensor) -> Tensor:
    if tool == "bicubic":
        return F.interpolate(x, scale_factor=4, mode="bicubic").clamp(0, 1)
    y, _ = registry.load(tool).image(x)
    return guard_color_(y, x)


def _frechet(a: Tensor, b: Tensor) -> float:
    """Squared Frechet distance of two Gaussians. Source: Dowson and Landau 1982, equation 4; Heusel et al. 2017."""
    a, b = a.double(), b.double()
    difference = a.mean(0) - b.mean(0)
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    # The trace of the root of a product of covariances is the sum of the roots of its eigenvalues.
    root = torch.linalg.eigvals(cov_a @ cov_b).real.clamp_min(0).sqrt().sum()
    return (difference.square().sum() + cov_a.trace() + cov_b.trace() - 2 * root).item()
