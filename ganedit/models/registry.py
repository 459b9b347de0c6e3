"""Which models there are, which are on this machine, and the few that are in memory.

Known models come from the catalogue; a checkpoint that a user drops into ``weights/`` is recognized by its tensors and
joins them under its file name. Networks are loaded when first asked for and the least recently used ones leave when
their weights exceed a budget. A model that fails to load changes nothing about those in memory.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ganedit.errors import (
    BadCheckpointError,
    BadRequestError,
    LicenseNotAcceptedError,
    UnknownModelError,
    WeightsUnavailableError,
)
from ganedit.models import sources
from ganedit.models.card import ModelCard, Source, Task
from ganedit.models.catalog import CATALOG
from ganedit.models.pins import may_pin
from ganedit.models.user_models import UserModels
from ganedit.requests import AUTO_MODEL, NO_MODEL, SAME_MODEL

if TYPE_CHECKING:  # torch takes seconds to import, and listing the models needs none of it
    from ganedit.models.faces import FaceFinder
    from ganedit.models.generators import PictureGenerator
    from ganedit.models.loaded import LoadedModel
    from ganedit.models.painters import StylePainter
    from ganedit.models.pipelines import TextPipeline
    from ganedit.models.public_painters import OnnxPainter, PublicPainter
    from ganedit.models.style_transfer import StyleTransfer

    Repainter = StyleTransfer | StylePainter | PublicPainter | OnnxPainter
    Loaded = LoadedModel | PictureGenerator | TextPipeline | Repainter

M = TypeVar("M", bound="Loaded")

DEFAULT_BUDGET_BYTES = 2 << 30
"""Weights kept in memory before the least recently used model leaves."""

_PINNED = "Nobody publishes hashes for {} of the files of {}: theirs were written down, and are checked from now on."


class Registry:
    """Lists, fetches, removes and loads models; safe to use from many threads. Attribute: ``cache``, see below."""

    def __init__(
        self,
        catalog: Iterable[ModelCard] = CATALOG,
        *,
        weights: Path | None = None,
        cache: Path | None = None,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
    ) -> None:
        """Take the catalogue as it is; nothing is read or fetched yet.

        Args:
            catalog: the known models.
            weights: folder of the user's own checkpoints; the repository's ``weights/`` if None.
            cache: folder of fetched files; ``weights/cache`` or ``GANEDIT_WEIGHTS`` if None.
            budget_bytes: how many bytes of weights may stay in memory.

        Raises:
            ValueError: two cards have the same id, or a twin is not in the catalogue.
        """
        self._cards: dict[str, ModelCard] = {}
        for card in catalog:
            if card.id in self._cards:
                raise ValueError(f"Two cards are called {card.id}.")
            self._cards[card.id] = card
        for card in self._cards.values():
            if card.twin is not None and card.twin not in self._cards:
                raise ValueError(f"{card.id} names the twin {card.twin}, which is not in the catalogue.")
        self.cache = cache or sources.cache_dir()
        folder, taken = weights or sources.weights_dir(), {*self._cards, AUTO_MODEL, NO_MODEL, SAME_MODEL}
        self._user_models = UserModels(folder, self.cache, taken)
        self._unlisted = UserModels(folder / "unlisted", self.cache / "unlisted", taken)
        self._budget_bytes = budget_bytes
        self._loaded: OrderedDict[tuple[str, float | None], Loaded] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[tuple[str, float | None], threading.Lock] = {}
        self._face_finder: FaceFinder | None = None

    def cards(self, task: Task | None = None, *, commercial_only: bool = False) -> list[ModelCard]:
        """List the catalogue, then the user's own models."""
        everything = [*self._cards.values(), *self._user_models.cards()]
        return [
            card for card in everything if task in (None, card.task) and (card.commercial_use or not commercial_only)
        ]

    def get(self, model_id: str) -> ModelCard:
        """Give the card of a model, listed or not.

        Raises:
            UnknownModelError: there is none of that id.
        """
        if model_id in self._cards:
            return self._cards[model_id]
        for card in (*self._user_models.cards(), *self._unlisted.cards()):
            if card.id == model_id:
                return card
        raise UnknownModelError(f"There is no model called {model_id}; `python -m ganedit models list` names them all.")

    def has(self, model_id: str, task: Task | None = None) -> bool:
        """Whether there is a model of that id, listed or not, for that task."""
        try:
            return task in (None, self.get(model_id).task)
        except UnknownModelError:
            return False

    def is_installed(self, model_id: str) -> bool:
        """Whether the model can be used without fetching anything."""
        return self._is_here(self.get(model_id))

    def rows(self, task: Task | None = None) -> list[dict[str, Any]]:
        """Rows of id, task, kind, license, commercial_use, installed, size_bytes, sha256, arch and scale."""
        return [self._row(card) for card in self.cards(task)]

    def info(self, model_id: str) -> dict[str, Any]:
        """Tell everything about one model: its row, and origin, path, twin, training data, paper and notes."""
        card = self.get(model_id)
        paths = [sources.locate(source, self.cache) for source in card.sources]
        return self._row(card) | {
            "sources": [source.locator for source in card.sources],
            "path": next((str(path) for path in paths if path), None),
            "default": card.default,
            "user": not self._is_catalogued(model_id),
            "twin": card.twin,
            "trained_on": card.trained_on,
            "paper": card.paper,
            "notes": card.notes,
        }

    def fetch(
        self,
        model_id: str,
        *,
        accept_license: bool = False,
        on_progress: Callable[[sources.FetchProgress], None] | None = None,
    ) -> tuple[str, ...]:
        """Fetch a model's weights, and nothing if they are here already.

        Args:
            model_id: which model.
            accept_license: confirms the license of a model that is not free for commercial use.
            on_progress: told about ten times a second; what it raises stops the download, which a later call resumes.

        Returns:
            Sentences for the reader.

        Raises:
            UnknownModelError: there is no such model.
            LicenseNotAcceptedError: its license forbids commercial use and was not confirmed.
            WeightsUnavailableError: no source could give the right file.
        """
        card = self.get(model_id)
        if not card.has_weights or self.is_installed(model_id):
            return ()
        if not card.commercial_use and not accept_license:
            raise LicenseNotAcceptedError(
                f"{card.id} is not free for commercial use ({card.license}); confirm its license to fetch it."
            )
        _, source = sources.fetch(card.sources, self.cache, on_progress)
        pinned = sum(may_pin(part) for part in source.parts)
        return (_PINNED.format(pinned, card.id),) if pinned else ()

    def remove(self, model_id: str) -> None:
        """Delete a model's files from this machine and from memory.

        Raises:
            UnknownModelError: there is no such model.
            BadRequestError: its weights are part of an installed package or of the repository.
        """
        card = self.get(model_id)
        if not self._is_catalogued(model_id):
            for models in (self._user_models, self._unlisted):
                models.remove(card)
        else:
            if not card.has_weights:
                raise BadRequestError(f"{card.id} is built in and cannot be removed.")
            removed = [sources.remove(source, self.cache) for source in card.sources]
            if not any(removed) and self.is_installed(model_id):
                raise BadRequestError(f"{card.id} comes with an installed package and cannot be removed by itself.")
        self._forget(model_id)

    def add(self, path: Path, name: str | None = None) -> ModelCard:
        """Copy a user's checkpoint into ``weights/`` and recognize it.

        Args:
            path: a file with one of the endings in ``SUFFIXES``.
            name: file name to keep it under; the path's own if None.

        Raises:
            BadCheckpointError: it is damaged, hostile, or no network that can be used; nothing is kept then.
            BadRequestError: there is a model of that name already.
        """
        name = name or path.name
        if self._is_catalogued(Path(name).stem):
            raise BadRequestError(f"{Path(name).stem} is the name of a known model; rename your file and add it again.")
        return self._user_models.add(path, name)

    def put(self, snapshot: Path, name: str, *, listed: bool = True) -> ModelCard:
        """Copy a snapshot of a training run into ``weights/``, in the place of an earlier one of that name.

        One that is not ``listed`` among the others is there for those alone who know its id.

        Raises:
            BadCheckpointError: it is damaged; the earlier one stays then.
            BadRequestError: it has the name of a known model.
        """
        if self._is_catalogued(Path(name).stem):
            raise BadRequestError(f"{Path(name).stem} is the name of a known model; name the run otherwise.")
        card = (self._user_models if listed else self._unlisted).add(snapshot, name, replace=True)
        self._forget(card.id)
        return card

    def refresh(self) -> None:
        """Look into ``weights/`` again for checkpoints dropped in or taken away."""
        self._user_models.refresh()

    @property
    def problems(self) -> dict[str, str]:
        """Files in ``weights/`` that could not be used, and why; by no name why the folder could not."""
        return self._user_models.problems

    @property
    def loaded_ids(self) -> tuple[str, ...]:
        """Ids of the models in memory, the most recently used last."""
        with self._lock:
            return tuple(dict.fromkeys(model_id for model_id, _ in self._loaded))

    def load(self, model_id: str, denoise: float | None = None) -> "LoadedModel":
        """Give a model ready to run; load it if it is not in memory. Threads that ask for the same one load it once.

        Args:
            model_id: an installed model.
            denoise: 0 to 1, how much of this model against its twin; None for the model as it is.

        Raises:
            UnknownModelError: there is no such model.
            WeightsUnavailableError: it has not been fetched.
            BadCheckpointError: its file is damaged; the models in memory stay as they are.
        """
        card = self.get(model_id)
        return self._in_memory((model_id, denoise), lambda: self._read(card, denoise))

    def load_generator(self, model_id: str) -> "PictureGenerator | TextPipeline":
        """Give a generator ready to draw; load it if it is not in memory.

        Raises:
            UnknownModelError: there is no such model.
            BadRequestError: it is made for another task.
            WeightsUnavailableError: it has not been fetched.
            BadCheckpointError: its file is damaged; the models in memory stay as they are.
        """
        card = self.get(model_id)
        if card.task != "generate":
            raise BadRequestError(
                f"{card.id} draws no new pictures; `models list --task generate` names those that do."
            )
        return self._in_memory((model_id, None), lambda: self._read_generator(card))

    def load_style_transfer(self, model_id: str) -> "Repainter":
        """Give a model that repaints pictures; errors as of ``load_generator``."""
        card = self.get(model_id)
        if card.task != "stylize":
            raise BadRequestError(f"{card.id} repaints no pictures; `models list --task stylize` names those that do.")
        return self._in_memory((model_id, None), lambda: self._read_style_transfer(card))

    def load_face_finder(self) -> "FaceFinder":
        """Give what finds faces, fetched if it is not here; it is small and stays in memory.

        Raises:
            WeightsUnavailableError: its weights could be had from nowhere.
            BadCheckpointError: a file cannot be read.
        """
        from ganedit.models.faces import load_face_finder

        if self._face_finder is None:  # two threads may both read it, and either may be kept
            self._face_finder = load_face_finder(self.cache)
        return self._face_finder

    def _read_style_transfer(self, card: ModelCard) -> "Repainter":
        from ganedit.models.painters import StylePainter
        from ganedit.models.public_painters import OnnxPainter, PublicPainter
        from ganedit.models.style_transfer import StyleTransfer

        path, source = self._installed_file(card)
        if source.format == "safetensors":
            return StylePainter.read(path)
        if source.format == "pth":
            return PublicPainter.read(path, source.format)
        if not source.companions:
            return OnnxPainter(path)
        return StyleTransfer(path, sources.verified(source.companions[0], self.cache))

    def _read_generator(self, card: ModelCard) -> "PictureGenerator | TextPipeline":
        from ganedit.models.generators import PictureGenerator
        from ganedit.models.pipelines import TextPipeline

        path, source = self._installed_file(card)
        if source.format == "diffusers":
            return TextPipeline.read(path.parents[1])
        return PictureGenerator.read(path, source.format)

    def _in_memory(self, key: tuple[str, float | None], read: Callable[[], M]) -> M:
        """Give what is kept under a key, or read it, once for all threads that ask."""
        with self._lock:
            gate = self._loading.setdefault(key, threading.Lock())
        with gate:
            with self._lock:
                if key in self._loaded:
                    self._loaded.move_to_end(key)
                    return cast(M, self._loaded[key])
            model = read()
            with self._lock:
                self._loaded[key] = model
                self._evict()
            return model

    def _read(self, card: ModelCard, denoise: float | None) -> "LoadedModel":
        from ganedit.models.checkpoint import build_network, mix, read_state_dict
        from ganedit.models.inpainters import BUILT_IN, build_inpainter
        from ganedit.models.loaded import LoadedModel
        from ganedit.models.snapshots import is_snapshot, read_snapshot

        def state_of(card: ModelCard) -> dict[str, Any]:
            path, source = self._installed_file(card)
            companions = [sources.verified(part, self.cache) for part in source.companions]
            return read_state_dict(path, source.format, *companions)

        def build() -> Any:
            path, source = self._installed_file(card)
            if card.task == "inpaint":
                return build_inpainter(card.arch, source, path)
            if is_snapshot(path):
                return read_snapshot(path).generator
            state = state_of(card)
            if denoise is not None and card.twin is not None:
                state = mix(state, state_of(self._cards[card.twin]), denoise)
            return build_network(state, card.id).model

        if denoise is not None and card.twin is None:
            raise BadRequestError(f"{card.id} has no denoise strength; choose a model that has one, or leave it out.")
        if not card.has_weights:
            return LoadedModel(card, "", BUILT_IN[card.arch])
        _, source = self._installed_file(card)
        return LoadedModel(card, source.sha256, build)

    def _installed_file(self, card: ModelCard) -> tuple[Path, Source]:
        """The first of a model's files that lies on this machine, right by its hash like its companions."""
        damaged = None
        for source in card.sources:
            if not sources.is_cached(source, self.cache):
                continue
            try:
                path, *_ = [sources.verified(part, self.cache) for part in source.parts]
                return path, source
            except BadCheckpointError as error:
                damaged = error
        if damaged is not None:
            raise damaged
        raise WeightsUnavailableError(
            f"{card.id} is not on this machine yet; fetch it in the Models tab or with "
            f"`python -m ganedit models fetch {card.id}`."
        )

    def _forget(self, model_id: str) -> None:
        with self._lock:
            for key in [key for key in self._loaded if key[0] == model_id]:
                del self._loaded[key]

    def _evict(self) -> None:
        while len(self._loaded) > 1 and sum(model.bytes for model in self._loaded.values()) > self._budget_bytes:
            self._loaded.popitem(last=False)

    def _is_here(self, card: ModelCard) -> bool:
        return not card.has_weights or any(sources.is_cached(source, self.cache) for source in card.sources)

    def _is_catalogued(self, model_id: str) -> bool:
        return model_id in self._cards

    def _row(self, card: ModelCard) -> dict[str, Any]:
        return {
            "id": card.id,
            "task": card.task,
            "kind": card.kind,
            "license": card.license,
            "commercial_use": card.commercial_use,
            "installed": self._is_here(card),
            "size_bytes": card.size_bytes,
            "sha256": card.sources[0].sha256 if card.sources else None,
            "arch": card.arch,
            "scale": card.scale,
        }
