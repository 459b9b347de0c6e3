"""A registry of two models that need no network, for the tests of the Models tab."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganedit.errors import BadCheckpointError, LicenseNotAcceptedError
from ganedit.models.card import ModelCard, Source
from ganedit.models.registry import Registry
from ganedit.models.sources import FetchProgress

FREE = ModelCard(
    "free-x4", "enhance", "Compact", (Source("https://example.org/free.pth", "ab" * 32, "pth", 4_900_000),),
    "MIT", True, scale=4, paper="Someone 2020", notes="Photos of cats. Says more.", trained_on="cats",
)  # fmt: skip
BOUND = ModelCard(
    "bound-x2", "enhance", "SwinIR", (Source("hf:a/b@c/d.safetensors", "cd" * 32, "safetensors", None),),
    "CC-BY-NC-4.0", False, scale=2, kind="other",
)  # fmt: skip


class TwoModels(Registry):
    """The two models above, a download that moves in small steps, and an upload that knows one good name."""

    def __init__(self, folder: Path) -> None:
        super().__init__((FREE, BOUND), weights=folder / "weights", cache=folder / "cache")
        self.here: set[str] = set()
        self.own: list[ModelCard] = []
        self.accepted: list[bool] = []
        self.pace_seconds = 0.0
        self.failure: Exception | None = None
        self.interrupted = threading.Event()

    def is_installed(self, model_id: str) -> bool:
        return model_id in self.here

    def rows(self, task: Any = None) -> list[dict[str, Any]]:
        return [{"id": card.id, "installed": card.id in self.here} for card in self.cards(task)]

    def cards(self, task: Any = None, *, commercial_only: bool = False) -> list[ModelCard]:
        return [*super().cards(task, commercial_only=commercial_only), *(() if commercial_only else self.own)]

    def get(self, model_id: str) -> ModelCard:
        return next((card for card in self.own if card.id == model_id), None) or super().get(model_id)

    def fetch(
        self, model_id: str, *, accept_license: bool = False, on_progress: Callable[[FetchProgress], None] | None = None
    ) -> None:
        self.accepted.append(accept_license)
        if not self.get(model_id).commercial_use and not accept_license:
            raise LicenseNotAcceptedError("Confirm the license first.")
        if self.failure:
            raise self.failure
        assert on_progress
        try:
            for done in range(1, 101):
                time.sleep(self.pace_seconds)
                on_progress(FetchProgress("free.pth", done * 49_000, 4_900_000))
        except BaseException:
            self.interrupted.set()
            raise
        self.here.add(model_id)

    def remove(self, model_id: str) -> None:
        self.here.discard(model_id)

    def add(self, path: Path, name: str | None = None) -> ModelCard:
        if path.stem != "mine":
            raise BadCheckpointError(f"{path.name} is damaged; export it again.")
        source = Source(f"file:/home/someone/weights/{path.name}", "ef" * 32, "pth", 1000)
        card = ModelCard("mine", "enhance", "ESRGAN", (source,), "unknown", False, kind="unknown")
        self.own.append(card)
        self.here.add("mine")
        return card
