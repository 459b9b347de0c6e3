"""The budget of pixels in memory: what does not fit waits, what never will is refused, and nothing stays taken."""

import struct
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ganedit import decode as decoder
from ganedit.budget import Budget, NoRoomError
from ganedit.errors import BadImageError
from ganedit.formats import open_picture
from ganedit.masks import open_mask
from ganedit.metrics import extract
from ganedit.metrics.pairs import psnr, ssim
from ganedit.training import decoding
from ganedit.ui import stage
from ganedit.ui.session import Previews, Vault

_UPLOADS = 5


def _one_color(path: Path, side_px: int) -> Path:
    """Write a PNG of 16 bits with alpha that has a thousandth of the size of its pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side_px, side_px, 16, 6, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x40" * (8 * side_px)) * side_px)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Budget:
    """Room for one picture of a tenth of a megapixel at a time."""
    budget = Budget(3e6, most_bytes=4e6)
    for module in (decoder, stage, decoding, extract):
        monkeypatch.setattr(module, "PIXELS", budget)
    return budget


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return _one_color(tmp_path / "a.png", 320)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def _start(work: Callable[[], object]) -> Future:
    pool = ThreadPoolExecutor(1)
    started = pool.submit(work)
    pool.shutdown(wait=False)
    return started


def test_uploads_that_do_not_fit_together_are_decoded_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, narrow: Budget, picture: Path
) -> None:
    decode, finish, vault, previews = decoder._decode, stage._photo, Vault(), Previews()
    opened, together, left = [], [], [_UPLOADS]

    def decoding_one(*args: object) -> object:
        opened.append(args)
        _until(lambda: narrow.waiting + len(opened) == left[0])  # all others have come as far as they can
        together.append(len(opened))
        return decode(*args)  # pyright: ignore[reportArgumentType]

    def finishing(*args: object) -> object:
        photo = finish(*args)  # pyright: ignore[reportArgumentType]
        opened.pop()
        left[0] -= 1
        return photo

    monkeypatch.setattr(decoder, "_decode", decoding_one)
    monkeypatch.setattr(stage, "_photo", finishing)
    uploads = [_start(lambda: stage.take_in(picture, vault, previews)) for _ in range(_UPLOADS)]
    assert {upload.result(timeout=60).width for upload in uploads} == {320}
    assert together == [1] * _UPLOADS
    assert (narrow.held_bytes, narrow.waiting) == (0, 0)


@pytest.mark.parametrize("door", ["picture", "mask", "training", "evaluation"])
def test_every_door_waits_for_room(door: str, narrow: Budget, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class File:
        def read(self) -> bytes:
            return picture.read_bytes()

        def pixels(self, name: str) -> np.ndarray:
            return open_picture(picture).pixels.astype(np.uint8)

    class Backbone:
        def prepare(self, images: object) -> object:
            return images

    job = decoding.Job(16, 3)
    work: dict[str, Callable[[], object]] = {
        "picture": lambda: open_picture(picture),
        "mask": lambda: open_mask(picture, (9, 9)),
        "training": lambda: list(decoding._in_order({"a": File()}, ["a"], job)),  # pyright: ignore[reportArgumentType]
        "evaluation": lambda: extract._prepare(File(), Backbone(), "a"),  # pyright: ignore[reportArgumentType]
    }
    with narrow.hold(2e6):
        started = _start(work[door])
        _until(lambda: narrow.waiting == 1)
        assert not started.done()
    started.exception(timeout=60)
    assert narrow.held_bytes == 0


def test_what_never_fits_is_refused_with_a_sentence(narrow: Budget, tmp_path: Path) -> None:
    with pytest.raises(NoRoomError, match=r"needs about 0\.0 GB of memory .* make the picture smaller"):
        open_picture(_one_color(tmp_path / "large.png", 500))
    assert narrow.held_bytes == 0


def test_more_than_the_budget_is_let_in_alone_as_long_as_the_machine_has_it(narrow: Budget) -> None:
    with narrow.hold(3.5e6):
        assert narrow.held_bytes == 3.5e6


def test_a_damaged_picture_gives_its_room_back(narrow: Budget, picture: Path) -> None:
    picture.write_bytes(picture.read_bytes()[:-40])
    for _ in range(3):
        with pytest.raises(BadImageError):
            stage.take_in(picture, Vault(), Previews())
    assert narrow.held_bytes == 0


def test_a_task_that_opens_several_pictures_never_waits_for_itself(narrow: Budget, picture: Path) -> None:
    with narrow.task():
        open_picture(picture)
        held = narrow.held_bytes
        assert held > narrow._lines[False]._total_bytes / 2
        with narrow.task():
            open_picture(picture)
        assert narrow.held_bytes == held
    assert narrow.held_bytes == 0


def test_who_waits_too_long_is_told_and_leaves_no_place_behind() -> None:
    budget = Budget(10, wait_seconds=0)
    with budget.hold(8), pytest.raises(NoRoomError, match="try again in a minute"), budget.hold(8):
        pass
    assert (budget.held_bytes, budget.waiting) == (0, 0)


def test_small_pictures_do_not_wait_behind_large_ones_and_large_ones_come_in_turn() -> None:
    budget, order = Budget(10, 4), []

    def take(name: str, size: float) -> None:
        with budget.hold(size):
            order.append(name)

    with budget.hold(9):
        first = _start(lambda: take("first", 9))
        _until(lambda: budget.waiting == 1)
        second = _start(lambda: take("second", 3))
        _until(lambda: budget.waiting == 2)
        _start(lambda: take("small", 2)).result(timeout=60)
    for each in (first, second):
        each.result(timeout=60)
    assert order == ["small", "first", "second"]


def test_memory_that_was_freed_is_given_back_to_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = threading.Event()
    monkeypatch.setattr("ganedit.budget._give_back_freed", given_back.set)
    with Budget(1e9).hold(1e8):
        assert not given_back.is_set()
    assert given_back.is_set()


def test_scores_of_pairs_are_the_same_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 256, (60, 41, 3), np.uint8) for _ in range(2))
    whole = psnr(a, b), ssim(a, b)
    monkeypatch.setattr("ganedit.metrics.pairs._BAND_PIXELS", 300)
    for turned in (False, True):
        x, y = (each.transpose(1, 0, 2) if turned else each for each in (a, b))
        assert (psnr(x, y), ssim(x, y)) == pytest.approx(whole, rel=1e-12)
