"""Tiles: covered once, no seam, halved when memory runs short, stopped between two."""

import itertools

import pytest
import torch
from torch import nn

from ganedit.errors import BadRequestError
from ganedit.models.card import ModelCard, SizeRule
from ganedit.models.loaded import LoadedModel
from ganedit.models.registry import Registry
from ganedit.requests import Compute
from ganedit.tasks.tiling import FEATHER_PX, Box, TileReport, plan, run_tiled

FLOAT32 = Compute("float32")


class Blur(nn.Module):
    """A 1x network of one 5x5 convolution: reach 2 px."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 5, padding=2, groups=3, bias=False)
        nn.init.constant_(self.layer.weight, 1 / 25)

    def forward(self, x):
        return self.layer(x)


def model_of(network_class, scale=1, **size):
    card = ModelCard("toy", "enhance", "toy", (), "MIT", True, scale, SizeRule(**size))
    return LoadedModel(card, "0" * 64, network_class)


def run(steps):
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value, seen


def test_cores_cover_every_pixel_once_without_slivers():
    for height, width, tile in [(1, 1, 32), (100, 33, 32), (257, 256, 128), (64, 1000, 100)]:
        hits = torch.zeros(height, width)
        boxes = plan(height, width, tile)
        for box in boxes:
            hits[box.top : box.bottom, box.left : box.right] += 1
        assert (hits == 1).all()
        assert max(box.width for box in boxes) - min(box.width for box in boxes) <= 1


def test_a_tile_too_small_to_be_sensible_is_refused():
    with pytest.raises(BadRequestError, match="choose 32 px or more"):
        plan(100, 100, 8)


def test_halving_keeps_the_reading_order_and_covers_the_same():
    box = Box(10, 20, 110, 150)
    parts = box.halved()
    assert parts == sorted(parts, key=lambda part: (part.top, part.left))
    assert sum(part.width * part.height for part in parts) == box.width * box.height


def test_tiled_equals_untiled_for_a_network_whose_reach_is_known():
    x = torch.rand(1, 3, 150, 131)
    model = model_of(Blur)
    whole, _ = model.image(x, "float32")
    tiled, _ = run(run_tiled(x, model, 1, Compute("float32", 40), TileReport()))
    torch.testing.assert_close(tiled, whole, atol=1e-6, rtol=0)


def test_the_compact_network_shows_no_seam():
    model = Registry().load("realesr-animevideov3")
    x = torch.rand(1, 3, 96, 110).sqrt()
    for precision in ("float32", "bfloat16"):
        whole, _ = model.image(x, precision)
        tiled, _ = run(run_tiled(x, model, 4, Compute(precision, 48), TileReport()))
        assert (whole - tiled).abs().max() < 2 / 255


def test_a_reduced_canvas_equals_reducing_the_whole():
    model = Registry().load("realesr-animevideov3")
    x = torch.rand(1, 3, 64, 80)
    whole, _ = run(run_tiled(x, model, 2, FLOAT32, TileReport()))
    tiled, _ = run(run_tiled(x, model, 2, Compute("float32", 40), TileReport()))
    assert whole.shape == (1, 3, 128, 160)
    assert (whole - tiled).abs().max() < 2 / 255


def test_progress_starts_at_zero_and_counts_every_tile():
    _, seen = run(run_tiled(torch.rand(1, 3, 128, 256), model_of(Blur), 1, Compute("float32", 128), TileReport()))
    assert [(step.done, step.total) for step in seen] == [(0, 2), (1, 2), (2, 2)]
    assert seen[-1].seconds_left == 0


def test_small_tiles_are_computed_together():
    calls = []

    class Counting(Blur):
        def forward(self, x):
            calls.append(len(x))
            return super().forward(x)

    run(run_tiled(torch.rand(1, 3, 36, 36 * 8), model_of(Counting), 1, Compute("float32", 36), TileReport()))
    assert max(calls) > 1
    assert sum(calls) == 8


class Forgetful(Blur):
    """Runs short of memory above a size, after a number of calls that went well."""

    limit_px = 70 * 70
    spared_calls = 1

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        if x.shape[-1] * x.shape[-2] > self.limit_px and self.calls > self.spared_calls:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return super().forward(x)


def test_a_shortage_of_memory_halves_the_tile_and_goes_on_where_it_stopped():
    x, report = torch.rand(1, 3, 256, 256), TileReport()
    tiled, seen = run(run_tiled(x, model_of(Forgetful), 1, Compute("float32", 128), report))
    whole, _ = model_of(Blur).image(x, "float32")
    torch.testing.assert_close(tiled, whole, atol=1e-6, rtol=0)
    assert report.halved_to_px is not None and report.halved_to_px <= 64
    assert seen[1].done == 1, "the tile done before the shortage is kept"
    assert all(later.done > earlier.done for earlier, later in itertools.pairwise(seen))
    assert seen[-1].done == seen[-1].total


def test_a_shortage_that_no_halving_cures_is_raised():
    class Hopeless(Forgetful):
        limit_px = 0
        spared_calls = 0

    with pytest.raises(RuntimeError, match="allocate memory"):
        run(run_tiled(torch.rand(1, 3, 64, 64), model_of(Hopeless), 1, FLOAT32, TileReport()))


def test_an_error_of_the_network_is_not_taken_for_a_shortage():
    class Broken(Blur):
        def forward(self, x):
            raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        run(run_tiled(torch.rand(1, 3, 64, 64), model_of(Broken), 1, FLOAT32, TileReport()))


def test_tiles_that_are_not_finite_are_computed_again_in_float32_and_counted():
    class Overflowing(Blur):
        def forward(self, x):
            y = super().forward(x)
            return y / 0 if y.dtype == torch.bfloat16 else y

    x, report = torch.rand(1, 3, 64, 128), TileReport()
    tiled, _ = run(run_tiled(x, model_of(Overflowing), 1, Compute("bfloat16", 64), report))
    whole, _ = model_of(Blur).image(x, "float32")
    torch.testing.assert_close(tiled, whole, atol=1e-6, rtol=0)
    assert report.reruns == 2


def test_closing_the_generator_stops_before_the_next_tile():
    calls = []

    class Counting(Blur):
        def forward(self, x):
            calls.append(1)
            return super().forward(x)

    steps = run_tiled(torch.rand(1, 3, 128, 512), model_of(Counting), 1, Compute("float32", 128), TileReport())
    next(steps)
    next(steps)
    steps.close()
    assert len(calls) == 1


def test_the_feather_lies_within_what_a_tile_computes():
    assert FEATHER_PX > 0
    tiled, _ = run(run_tiled(torch.full((1, 3, 96, 96), 0.25), model_of(Blur), 1, Compute("float32", 32), TileReport()))
    torch.testing.assert_close(tiled[..., 8:-8, 8:-8], torch.full((1, 3, 80, 80), 0.25), atol=1e-6, rtol=0)
