"""The one door behind every tab, command and HTTP call: a request goes in, progress and a result come out."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import assert_never

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganedit.defaults import Settled, check_fits, settle
from ganedit.errors import BadMaskError, BadRequestError
from ganedit.generation import draw
from ganedit.image import Picture, fill_transparent, from_tensor, thumbnail, to_tensor
from ganedit.masks import check_mask
from ganedit.models.card import ModelCard, Task
from ganedit.models.generators import PictureGenerator
from ganedit.models.loaded import LoadedModel
from ganedit.models.painters import StylePainter
from ganedit.models.registry import Registry
from ganedit.models.trials import Trials
from ganedit.provenance import marked
from ganedit.requests import (
    NO_MODEL,
    Adjustments,
    ClipRequest,
    EditResult,
    EnhanceRequest,
    GenerateRequest,
    InpaintRequest,
    InterpolateRequest,
    OutpaintRequest,
    Progress,
    ProjectRequest,
    Request,
    StylizeRequest,
)
from ganedit.stylization import repaint, repaint_clip
from ganedit.tasks.adjust import adjust_
from ganedit.tasks.adjust import check as check_adjustments
from ganedit.tasks.enhance import enhance, output_size
from ganedit.tasks.fidelity import invented_heat
from ganedit.tasks.generate import style_of
from ganedit.tasks.inpaint import check_inpaint, check_outpaint, combine, extend, inpaint
from ganedit.tasks.masks import Holes, grow, seam_score, survey, thickness_px
from ganedit.tasks.scratches import find_scratches
from ganedit.tasks.select import select_object
from ganedit.tasks.tiling import MIN_TILE_PX, TileReport, reduce_to

MAX_OUTPUT_MEGAPIXELS = 80.0
MAX_SCALE = 8.0

DETAIL_MODEL = "realesr-animevideov3"
"""Enlarges fills of holes that are larger than the inpainting network's own size."""

HAIRLINE_PX = 4.0
HAIRLINE_MODEL = "opencv-navier-stokes"
"""In marks up to this thickness the classical method measured as well as MI-GAN or better: the README has the table."""

_WORKING_BYTES = 30
"""For each pixel of a picture and of its result: floats of both, and integers on their way in and out."""

_PROBE_PX = 64
_HEAT_MAP_PX = 1024


class Engine:
    """Runs requests on models from a registry; safe to use from many threads."""

    def __init__(
        self,
        registry: Registry | None = None,
        max_output_megapixels: float = MAX_OUTPUT_MEGAPIXELS,
        *,
        blocks_words: bool = False,
    ) -> None:
        """Nothing is loaded until the first request.

        Args:
            registry: where the models come from; the default one if None.
            max_output_megapixels: larger results are refused before anything is computed.
            blocks_words: refuse to draw from texts with a word of `BLOCKED_WORDS`, for demos that anyone can use.
        """
        self.registry = registry or Registry()
        self.max_output_megapixels = max_output_megapixels
        self.blocks_words = blocks_words
        self._trials = Trials(self.registry.cache / "speeds.json")

    def run(self, request: Request, on_progress: Callable[[Progress], None] | None = None) -> EditResult:
        """Run a request to its end.

        Args:
            request: what to do.
            on_progress: told before the first tile and after each; what it raises stops the run.

        Returns:
            The result.

        Raises:
            UserError: the request is wrong, or its model cannot be had.
        """
        for step in self.stream(request):
            if isinstance(step, EditResult):
                return step
            if on_progress:
                on_progress(step)
        raise AssertionError("stream ends with a result")

    def stream(self, request: Request) -> Iterator[Progress | EditResult]:
        """Run a request step by step; closing the iterator stops it within one tile.

        Yields:
            Progress, the first before any work with an estimate of the seconds, and at last one EditResult.

        Raises:
            UserError: the request is wrong, or its model cannot be had.
        """
        with closing(self._steps(request)) as steps:
            for step in steps:
                yield marked(step) if isinstance(step, EditResult) else step

    def _steps(self, request: Request) -> Generator[Progress | EditResult, None, None]:
        match request:
            case EnhanceRequest():
                yield from self._enhance(request)
            case InpaintRequest():
                check_inpaint(request)
                mask = _grown(request)
                check_mask(mask, (request.image.width, request.image.height))
                yield from self._fill(request, request.image, mask, request.feather_px)
            case OutpaintRequest():
                check_outpaint(request, self.max_output_megapixels)
                yield from self._fill(request, *extend(request), 0)
            case ClipRequest():
                yield from repaint_clip(request, self.registry)
            case StylizeRequest():
                yield from repaint(request, self.registry)
            case GenerateRequest() | InterpolateRequest() | ProjectRequest():
                yield from draw(request, self.registry, self._enhance, self.blocks_words)
            case _:
                assert_never(request)

    def memory_bytes(self, request: Request) -> float:
        """Say how much memory the pixels of a request and of its result will take at once, about.

        Raises:
            UserError: there is no such model.
        """
        if isinstance(request, GenerateRequest | InterpolateRequest):
            return 0.0  # as small as the generator's own memory
        height, width = request.image.height, request.image.width
        pixels = len(request.frames) * height * width if isinstance(request, ClipRequest) else height * width
        if isinstance(request, EnhanceRequest):
            height, width = self._output_size(self.settle(request).request)
        elif isinstance(request, OutpaintRequest):
            height, width = height + request.top + request.bottom, width + request.left + request.right
        return _WORKING_BYTES * (pixels + height * width)

    def settle(self, request: EnhanceRequest) -> Settled:
        """Say which model and scale an enhancement takes where its request leaves them open, and why.

        Raises:
            UserError: its model is unknown, or the one that might be chosen cannot be tried.
        """
        return settle(request, self.registry, self.max_output_megapixels, self._seconds_for)

    def estimate(self, request: EnhanceRequest) -> float:
        """Seconds that an enhancement will take, from earlier runs or from one small trial of the network.

        Raises:
            UserError: the request is wrong, or its model cannot be had.
        """
        request = self.settle(request).request
        self._check(request)
        return 0.0 if request.model == NO_MODEL else self._seconds_for(request)

    def preview(self, picture: Picture, adjust: Adjustments) -> Picture:
        """Apply light and color alone, for a live preview; give it a picture of preview size.

        Raises:
            BadRequestError: a setting is out of range.
        """
        check_adjustments(adjust)
        return from_tensor(adjust_(to_tensor(picture), adjust), picture)

    def canvas(self, request: OutpaintRequest) -> Picture:
        """Give the picture on the larger canvas that it is continued on, black where there is nothing yet."""
        return extend(request)[0]

    def holes(self, request: InpaintRequest) -> Holes:
        """Say what a request would fill, its mask grown as it asks."""
        return survey(_grown(request))

    def combine(self, results: Sequence[EditResult], picks: Sequence[int]) -> EditResult:
        """Put the best fill of each hole together.

        Args:
            results: of the same ``InpaintRequest`` but for the model.
            picks: for each hole, the largest first, the index of the result to take it from; the last pick stands for
                all holes that follow.

        Raises:
            BadRequestError: there is nothing to combine, or a pick names no result.
        """
        first = results[0].request if results else None
        if not isinstance(first, InpaintRequest) or not picks or not all(0 <= pick < len(results) for pick in picks):
            raise BadRequestError("Fill the holes with two or more models first, then pick a result for each hole.")
        mask = _grown(first)
        filled = [result.images[0] for result in results]
        picture = combine(first.image, filled, mask, picks, first.feather_px)
        models = "+".join(dict.fromkeys(results[pick].model for pick in picks))
        seconds = sum(result.seconds for result in results)
        scores = {"seam": seam_score(picture.pixels, mask)}
        return marked(EditResult((picture,), first, models, seconds, scores=scores))

    def styles(self, model_id: str) -> tuple[str, ...]:
        """Name the styles that a ``stylize`` model has learned; none if it has but one, or takes it from a picture.

        Raises:
            UserError: there is no such model, or it cannot be had.
        """
        network = self.registry.load_style_transfer(model_id)
        return tuple(network.styles) if isinstance(network, StylePainter) else ()

    def style_of(self, request: GenerateRequest) -> np.ndarray:
        """Give the style of a request's first picture, (levels, S) float32, for a generator that has styles.

        Raises:
            UserError: the request is wrong, or its model cannot be had.
        """
        generator = self.registry.load_generator(request.model)
        if not (isinstance(generator, PictureGenerator) and generator.styles):
            raise BadRequestError(f"{request.model} has no styles; choose a model that ganedit trained.")
        return style_of(request, generator)

    def find_scratches(self, picture: Picture, sensitivity: float = 0.5) -> np.ndarray:
        """Propose the scratches and dust of an old photo as an (H, W) bool mask, to be looked over before filling.

        Raises:
            BadRequestError: the sensitivity is not from 0 to 1.
        """
        if not 0 <= sensitivity <= 1:
            raise BadRequestError(f"The sensitivity goes from 0 to 1, not {sensitivity:g}.")
        return find_scratches(picture.in_srgb().pixels, sensitivity)

    def select_object(self, picture: Picture, stroke: np.ndarray) -> np.ndarray:
        """Turn a loose stroke over a thing, or a loop around it, into its (H, W) bool mask.

        Raises:
            BadRequestError: the stroke is empty, or nothing stands out there.
        """
        return select_object(picture.in_srgb().pixels, stroke)

    def invented(self, result: EditResult) -> Picture:
        """Map where an enhancement, brought back to the input's size, departs from the input; at most 1024 px.

        Raises:
            BadRequestError: the result is of another task.
        """
        if not isinstance(result.request, EnhanceRequest):
            raise BadRequestError("Only enhancements are compared with their input; run one first.")
        before = replace(thumbnail(result.request.image, _HEAT_MAP_PX), alpha=None)
        after = replace(result.images[0], alpha=None).to_pil(as_stored=True)
        small = after.convert("RGB").resize((before.width, before.height), Image.Resampling.BOX)
        x = adjust_(to_tensor(before), result.request.adjust)
        y = to_tensor(replace(before, pixels=np.asarray(small)))
        return from_tensor(invented_heat(y, x), Picture.from_pil(small))

    def _enhance(self, request: EnhanceRequest) -> Generator[Progress | EditResult, None, None]:
        if request.image.bit_depth == 16 and request.compute.precision == "auto":
            # bfloat16 carries eight bits, which would throw away what a 16-bit picture has more.
            request = replace(request, compute=replace(request.compute, precision="float32"))
        settled = self.settle(request)
        request = settled.request
        self._check(request)
        model = None if request.model == NO_MODEL else self._load(request)
        expected = self._seconds_for(request) if model else None
        started = time.perf_counter()
        report = TileReport()
        steps = enhance(to_tensor(fill_transparent(request.image)), request, model, report)
        while True:
            try:
                step = next(steps)
            except StopIteration as finished:
                y = finished.value
                break
            yield replace(step, seconds_left=expected) if step.done == 0 else step
        picture = from_tensor(y, request.image, _resized_alpha(request.image, y), request.compute.bit_depth)
        seconds = time.perf_counter() - started
        if model:
            self._remember_speed(request, seconds)
        name = f"{model.card.id}@{model.digest[:12]}" if model else NO_MODEL
        yield EditResult((picture,), request, name, seconds, (*settled.notes, *_notes(request, model, report)))

    def _fill(
        self, request: InpaintRequest | OutpaintRequest, picture: Picture, mask: np.ndarray, feather_px: int
    ) -> Generator[Progress | EditResult, None, None]:
        card = self._card(request.model, "inpaint")
        model = self.registry.load(request.model)
        enlarger = partial(self.registry.load, DETAIL_MODEL) if request.detail else None
        started = time.perf_counter()
        steps = inpaint(picture, mask, model, feather_px, enlarger)
        while True:
            try:
                yield next(steps)
            except StopIteration as finished:
                filled = finished.value
                break
        seconds = time.perf_counter() - started
        notes = list(picture.notes)
        if card.kind == "gan" and thickness_px(mask) <= HAIRLINE_PX:
            notes.append(f"These marks are hairlines: {HAIRLINE_MODEL} does as well there, in a fraction of the time.")
        name = f"{card.id}@{model.digest[:12]}" if model.digest else card.id
        scores = {"seam": seam_score(filled.pixels, mask)}
        yield EditResult((filled,), request, name, seconds, tuple(notes), scores)

    def _check(self, request: EnhanceRequest) -> None:
        check_adjustments(request.adjust)
        if request.scale is not None and not 1 <= request.scale <= MAX_SCALE:
            raise BadRequestError(f"The scale goes from 1 to {MAX_SCALE:g}, not {request.scale:g}.")
        if request.size is not None and min(request.size) < 1:
            raise BadRequestError("The wanted size must be at least 1x1 pixels.")
        if request.denoise is not None and not 0 <= request.denoise <= 1:
            raise BadRequestError(f"The denoise strength goes from 0 to 1, not {request.denoise:g}.")
        if request.compute.tile_px is not None and request.compute.tile_px < MIN_TILE_PX:
            raise BadRequestError(
                f"A tile of {request.compute.tile_px} px is too small; choose {MIN_TILE_PX} px or more."
            )
        height, width = self._output_size(request)
        check_fits(request, (width, height), self.max_output_megapixels)

    def _output_size(self, request: EnhanceRequest) -> tuple[int, int]:
        return output_size(request, 1 if request.model == NO_MODEL else self._card(request.model, "enhance").scale)

    def _card(self, model_id: str, task: Task) -> ModelCard:
        card = self.registry.get(model_id)
        if card.task != task:
            raise BadRequestError(
                f"{card.id} is made for another task; `models list --task {task}` names those for this."
            )
        return card

    def _load(self, request: EnhanceRequest) -> LoadedModel:
        return self.registry.load(request.model, request.denoise)

    def _seconds_for(self, request: EnhanceRequest) -> float:
        """Give the seconds that a request with a model takes; the first time on a machine, its network is tried."""
        precision = request.compute.precision
        per_px = self._trials.seconds_per_px(request.model, precision)
        if per_px is None or not self.registry.is_installed(request.model):
            model = self._load(request)
            probe = torch.full((1, 3, _PROBE_PX, _PROBE_PX), 0.5)
            model.image(probe, precision)  # builds the network and its kernels
            started = time.perf_counter()
            model.image(probe, precision)
            per_px = (time.perf_counter() - started) / _PROBE_PX**2
            self._trials.keep(request.model, precision, per_px)
        return per_px * request.image.height * request.image.width

    def _remember_speed(self, request: EnhanceRequest, seconds: float) -> None:
        pixels = request.image.height * request.image.width
        if pixels >= 4 * _PROBE_PX**2:  # smaller pictures measure the overhead, not the network
            self._trials.keep(request.model, request.compute.precision, seconds / pixels)


def _grown(request: InpaintRequest) -> np.ndarray:
    if not request.grow_px:
        return request.mask
    mask = grow(request.mask, request.grow_px)
    if request.mask.any() and not mask.any():
        raise BadMaskError(f"Nothing is left of the mask {-request.grow_px} pixels narrower; narrow it less.")
    return mask


def _resized_alpha(picture: Picture, y: Tensor) -> Tensor | None:
    """Alpha is resized by itself, (1, 1, H, W) in [0, 1], so that no network draws on it."""
    if picture.alpha is None:
        return None
    full = 65535 if picture.bit_depth == 16 else 255
    alpha = torch.from_numpy(picture.alpha.astype("float32"))[None, None] / full
    return reduce_to(alpha, *y.shape[-2:])


def _notes(request: EnhanceRequest, model: LoadedModel | None, report: TileReport) -> tuple[str, ...]:
    """Sentences about what went differently from what was asked."""
    notes = list(request.image.notes)
    if report.halved_to_px:
        notes.append(f"Memory ran short, so the picture was computed in tiles of {report.halved_to_px} px.")
    if report.reruns:
        notes.append(f"{report.reruns} tiles were computed again in float32, because bfloat16 gave no finite numbers.")
    height, _ = output_size(request, model.card.scale if model else 1)
    if model and height > request.image.height * model.card.scale:
        notes.append(f"{model.card.id} enlarges {model.card.scale} times; the rest was resized with a cubic filter.")
    return tuple(notes)
