"""The registry: what is there, what is loaded, and what happens when loading fails."""

import hashlib
import threading

import pytest
import torch
from spandrel.architectures.Compact import Compact

from ganedit.errors import (
    BadCheckpointError,
    BadRequestError,
    LicenseNotAcceptedError,
    UnknownModelError,
    WeightsUnavailableError,
)
from ganedit.models import checkpoint
from ganedit.models.card import ModelCard, Source
from ganedit.models.catalog import CATALOG
from ganedit.models.pins import may_pin
from ganedit.models.registry import Registry

ROW_KEYS = ["id", "task", "kind", "license", "commercial_use", "installed", "size_bytes", "sha256", "arch", "scale"]


def save_model(path, seed=0, width=8):
    torch.manual_seed(seed)
    torch.save(Compact(num_in_ch=3, num_out_ch=3, num_feat=width, num_conv=2, upscale=2).state_dict(), path)
    return path


def card_for(path, **changes):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = Source(f"file:{path}", digest, "pth", path.stat().st_size)
    facts = {"id": path.stem, "task": "enhance", "arch": "Compact", "sources": (source,), "license": "MIT"}
    return ModelCard(**(facts | {"commercial_use": True, "scale": 2} | changes))


@pytest.fixture
def registry_of(tmp_path):
    def make(*cards, **settings):
        return Registry(cards, weights=tmp_path / "weights", cache=tmp_path / "cache", **settings)

    return make


def test_the_catalogue_is_whole():
    assert len({card.id for card in CATALOG}) == len(CATALOG)
    for card in CATALOG:
        assert card.license and card.paper
        assert bool(card.trained_on) == card.has_weights
        parts = [part for source in card.sources for part in source.parts]
        assert all(len(part.sha256) == 64 or may_pin(part) for part in parts)
        unhashed = [part.file_name for part in parts if not part.sha256]
        assert all(name.endswith((".json", ".txt")) or card.arch == "CycleGAN" for name in unhashed)
    wanted = {"bsrgan-x4", "swinir-l-real-gan-x4", "swinir-m-real-gan-x4", "scunet-real-gan", "realesrgan-x2plus"}
    assert wanted <= {card.id for card in CATALOG}


def test_a_packaged_model_is_installed_from_the_start():
    registry = Registry()
    assert registry.is_installed("realesr-animevideov3")
    assert list(registry.rows("enhance")[0]) == ROW_KEYS


def test_two_cards_of_one_id_and_a_missing_twin_are_programming_errors(tmp_path):
    card = card_for(save_model(tmp_path / "a.pth"))
    with pytest.raises(ValueError, match="Two cards"):
        Registry([card, card])
    with pytest.raises(ValueError, match="twin"):
        Registry([card_for(tmp_path / "a.pth", twin="ghost")])


def test_an_unknown_model_is_told_with_the_way_to_the_list(registry_of):
    with pytest.raises(UnknownModelError, match="models list"):
        registry_of().load("nope")


def test_a_model_that_is_not_here_is_told_with_the_way_to_fetch_it(registry_of, tmp_path):
    card = card_for(save_model(tmp_path / "gone.pth"))
    (tmp_path / "gone.pth").unlink()
    with pytest.raises(WeightsUnavailableError, match="models fetch gone"):
        registry_of(card).load("gone")


def test_a_changed_file_never_loads_and_the_models_in_memory_stay(registry_of, tmp_path):
    good, bad = save_model(tmp_path / "good.pth"), save_model(tmp_path / "bad.pth", seed=1)
    registry = registry_of(card_for(good), card_for(bad))
    loaded = registry.load("good")
    data = bytearray(bad.read_bytes())
    data[len(data) // 2] ^= 1
    bad.write_bytes(data)
    with pytest.raises(BadCheckpointError, match="SHA-256"):
        registry.load("bad")
    assert registry.loaded_ids == ("good",)
    assert registry.load("good") is loaded


def test_eight_threads_asking_at_once_load_once(registry_of, tmp_path, monkeypatch):
    registry = registry_of(card_for(save_model(tmp_path / "m.pth")))
    reads, models = [], []
    real = checkpoint.read_state_dict
    monkeypatch.setattr(checkpoint, "read_state_dict", lambda *args: reads.append(1) or real(*args))
    barrier = threading.Barrier(8)

    def ask():
        barrier.wait()
        models.append(registry.load("m"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1
    assert len(models) == 8 and len({id(model) for model in models}) == 1


def test_the_least_recently_used_model_leaves_when_the_budget_is_spent(registry_of, tmp_path):
    cards = [card_for(save_model(tmp_path / f"{name}.pth")) for name in "abc"]
    size = registry_of(*cards).load("a").bytes
    registry = registry_of(*cards, budget_bytes=2 * size)
    for name in "abac":
        registry.load(name)
    assert registry.loaded_ids == ("a", "c")


def test_denoise_mixes_a_model_with_its_twin(registry_of, tmp_path):
    strong, weak = save_model(tmp_path / "strong.pth", 1), save_model(tmp_path / "weak.pth", 2)
    registry = registry_of(card_for(strong, twin="weak"), card_for(weak))
    x = torch.rand(1, 3, 16, 16)

    def result(model):
        return model.image(x, "float32")[0]

    torch.testing.assert_close(result(registry.load("strong", 1.0)), result(registry.load("strong")))
    torch.testing.assert_close(result(registry.load("strong", 0.0)), result(registry.load("weak")))
    assert not torch.allclose(result(registry.load("strong", 0.5)), result(registry.load("strong")))
    with pytest.raises(BadRequestError, match="no denoise strength"):
        registry.load("weak", 0.5)


def test_a_non_commercial_model_wants_its_license_confirmed(registry_of, tmp_path):
    path = save_model(tmp_path / "nc.pth")
    (tmp_path / "far").mkdir()
    card = card_for(path, commercial_use=False, license="CC-BY-NC-4.0")
    path.rename(tmp_path / "far" / "nc.pth")
    registry = registry_of(card)
    with pytest.raises(LicenseNotAcceptedError, match="CC-BY-NC"):
        registry.fetch("nc")
    (tmp_path / "far" / "nc.pth").rename(path)
    registry.fetch("nc", accept_license=True)
    assert registry.cards(commercial_only=True) == []
    assert [card.id for card in registry.cards()] == ["nc"]


def test_packaged_weights_cannot_be_removed():
    with pytest.raises(BadRequestError, match="installed package"):
        Registry().remove("realesr-animevideov3")


def test_a_checkpoint_dropped_into_the_folder_is_usable_at_once(registry_of, tmp_path):
    registry = registry_of()
    assert registry.cards() == []
    (tmp_path / "weights").mkdir()
    save_model(tmp_path / "weights" / "mine.pth")
    (tmp_path / "weights" / "broken.safetensors").write_bytes(b"no")
    [card] = registry.cards("enhance")
    assert (card.id, card.arch, card.scale, card.kind, card.commercial_use) == ("mine", "Compact", 2, "unknown", False)
    assert registry.load("mine").image(torch.rand(1, 3, 8, 8))[0].shape == (1, 3, 16, 16)
    assert list(registry.problems) == ["broken.safetensors"]
    registry.remove("mine")
    assert registry.cards() == [] and not (tmp_path / "weights" / "mine.pth").exists()


def test_recognized_checkpoints_are_not_read_again_by_the_next_process(registry_of, tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    save_model(tmp_path / "weights" / "mine.pth")
    assert len(registry_of().cards()) == 1
    monkeypatch.setattr(checkpoint, "read_state_dict", lambda *args: pytest.fail("read again"))
    assert len(registry_of().cards()) == 1


def test_an_uploaded_checkpoint_is_kept_only_if_it_can_be_used(registry_of, tmp_path):
    registry = registry_of()
    card = registry.add(save_model(tmp_path / "x.pth"), "../sub dir/my model.pth")
    assert card.id == "my_model" and registry.is_installed("my_model")
    with pytest.raises(BadRequestError, match="already"):
        registry.add(tmp_path / "x.pth", "my model.pth")
    (tmp_path / "bad.pth").write_bytes(b"junk")
    with pytest.raises(BadCheckpointError):
        registry.add(tmp_path / "bad.pth")
    with pytest.raises(BadCheckpointError, match="export"):
        registry.add(tmp_path / "x.pth", "program.exe")
    assert sorted(path.name for path in (tmp_path / "weights").iterdir()) == ["my_model.pth"]


def test_an_upload_may_not_take_the_name_of_a_known_model(tmp_path):
    registry = Registry(weights=tmp_path / "weights", cache=tmp_path / "cache")
    with pytest.raises(BadRequestError, match="known model"):
        registry.add(save_model(tmp_path / "x.pth"), "realesrgan-x4plus.pth")


def test_a_run_of_a_shipped_recipe_is_put_beside_the_shipped_weights_and_replaced(registry_of, tmp_path):
    registry = registry_of()
    for _ in range(2):
        assert registry.put(save_model(tmp_path / "x.pth"), "ganedit-avatar-1.pth").id == "ganedit-avatar-1"
    assert registry.is_installed("ganedit-avatar-1")
    with pytest.raises(BadRequestError, match="already"):
        registry.put(save_model(tmp_path / "x.pth"), "ganedit-avatar.safetensors")
