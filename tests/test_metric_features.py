import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch_fidelity
import torch_fidelity.feature_extractor_inceptionv3 as theirs
from PIL import Image
from torch.nn import functional as F

from ganedit.errors import BadDataError, WeightsUnavailableError
from ganedit.metrics import extract as extracting
from ganedit.metrics import features
from ganedit.metrics.extract import extract
from ganedit.metrics.features import Backbone, load_backbone
from ganedit.metrics.pictures import open_pictures
from ganedit.models import sources
from ganedit.models.archs.efficientnet_lite import EfficientNetLite0


def images(count=5, side=40, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 3, side, side), dtype=np.uint8)


@pytest.fixture
def effnet(monkeypatch):
    def load(cache=None):
        torch.manual_seed(0)
        network = EfficientNetLite0()
        network(torch.rand(4, 3, 64, 64))  # running means that let something through
        return network.eval().requires_grad_(False)

    monkeypatch.setattr(features, "load_efficientnet_lite0", load)
    return features.effnet()


@pytest.fixture
def small():
    """A backbone that is quick to run."""
    return Backbone("small", "0" * 64, 48, lambda x: F.interpolate(x.float(), size=(4, 4)), lambda x: x.flatten(1))


def save(folder, values, names=None):
    folder.mkdir(parents=True, exist_ok=True)
    for index, each in enumerate(values):
        name = names[index] if names else f"{index:03}.png"
        Image.fromarray(each.transpose(1, 2, 0)).save(folder / name)
    return folder


def features_of(folder, backbone, cache):
    with open_pictures(folder) as pictures:
        return extract(pictures, list(pictures.files), backbone, cache)


# --- backbones


def test_effnet_gives_1280_features_for_pictures_of_any_size(effnet):
    found = effnet(images(2, side=37))
    assert (effnet.name, effnet.dim, found.shape, found.dtype) == ("effnet", 1280, (2, 1280), np.float32)
    assert found.std() > 0


def test_the_batch_changes_no_digit(effnet, monkeypatch):
    monkeypatch.setattr(features, "_CHUNK", 4)
    x = images(5)
    whole, single = effnet(x), np.concatenate([effnet(x[i : i + 1]) for i in range(len(x))])
    assert np.abs(whole - single).max() <= 1e-6 * np.abs(whole).max()


def test_a_digest_tells_weights_apart(effnet, monkeypatch):
    assert features.effnet().digest == effnet.digest
    monkeypatch.setattr(
        features, "load_efficientnet_lite0", lambda cache: EfficientNetLite0().eval().requires_grad_(False)
    )
    assert features.effnet().digest != effnet.digest


def test_inception_is_the_network_of_torch_fidelity(monkeypatch, tmp_path):
    monkeypatch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
    monkeypatch.setattr(theirs.torch, "load", lambda path, weights_only: {})  # no test may fetch the true weights
    network = theirs.FeatureExtractorInceptionV3(
        "x", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(tmp_path)
    )
    monkeypatch.setattr(torch_fidelity, "FeatureExtractorInceptionV3", lambda *_, **__: network)
    monkeypatch.setattr(sources, "fetch", lambda wanted, folder: (tmp_path / "inception.pth", wanted[0]))
    monkeypatch.setattr(features, "_CHUNK", 2)
    x = images(2, side=70)
    expected, logits = network(torch.from_numpy(x))
    inception = features.inception()
    found = inception(x)
    assert (found.shape, inception.name, inception.dim) == ((2, 2048), "inception", 2048)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max()))
    assert inception.classify is not None
    np.testing.assert_allclose(inception.classify(found), logits.softmax(1), rtol=1e-3)


def test_inception_weights_are_known_by_their_hash():
    assert {source.sha256[:8] for source in features.INCEPTION_2015} == {"6726825d"}
    assert all(source.locator.startswith("https://") for source in features.INCEPTION_2015)


def test_auto_falls_back_to_effnet_and_inception_by_name_does_not(effnet, monkeypatch, tmp_path):
    monkeypatch.setenv("GANEDIT_OFFLINE", "1")
    assert load_backbone("auto", tmp_path).name == "effnet"
    with pytest.raises(WeightsUnavailableError, match="offline"):
        load_backbone("inception", tmp_path)


# --- cache


def test_features_are_computed_once_for_the_same_bytes(small, tmp_path):
    save(tmp_path / "a", images())
    save(tmp_path / "b", images(), names=[f"other{index}.png" for index in range(5)])
    first = features_of(tmp_path / "a", small, tmp_path / "cache")
    without_network = replace(small, network=lambda x: pytest.fail("was run again"))
    again = features_of(tmp_path / "b", without_network, tmp_path / "cache")
    np.testing.assert_array_equal(first.features, again.features)
    assert again.names[0] == "other0.png"


def test_changed_bytes_or_another_backbone_are_computed_anew(small, tmp_path):
    folder = save(tmp_path / "a", images())
    before = features_of(folder, small, tmp_path / "cache").features
    save(folder, images(1, seed=9))
    after = features_of(folder, small, tmp_path / "cache").features
    assert not np.array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1:], after[1:])
    other = Backbone("other", "1" * 64, 48, small.prepare, lambda x: x.flatten(1) * 2)
    np.testing.assert_array_equal(features_of(folder, other, tmp_path / "cache").features, after * 2)


def test_a_damaged_entry_of_the_cache_is_computed_anew(small, tmp_path):
    folder = save(tmp_path / "a", images())
    before = features_of(folder, small, tmp_path / "cache").features
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(entry.read_bytes()[:300])
    np.testing.assert_array_equal(features_of(folder, small, tmp_path / "cache").features, before)


def test_two_at_once_leave_one_whole_entry(small, tmp_path):
    folder = save(tmp_path / "a", images())
    threads = [threading.Thread(target=features_of, args=(folder, small, tmp_path / "cache")) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [entry.suffix for entry in (tmp_path / "cache").iterdir()] == [".npz"]


def test_the_cache_is_bounded(small, tmp_path, monkeypatch):
    monkeypatch.setattr(extracting, "_MAX_CACHE_BYTES", 4000)
    for seed in range(6):
        features_of(save(tmp_path / str(seed), images(seed=seed)), small, tmp_path / "cache")
    assert sum(entry.stat().st_size for entry in (tmp_path / "cache").iterdir()) <= 4000


def test_a_cache_that_cannot_be_written_costs_nothing(small, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    assert len(features_of(save(tmp_path / "a", images()), small, tmp_path / "cache").features) == 5


def test_a_damaged_picture_is_named_and_the_others_count_also_from_the_cache(small, tmp_path):
    folder = save(tmp_path / "a", images())
    (folder / "002.png").write_bytes(b"no picture")
    for _ in range(2):
        found = features_of(folder, small, tmp_path / "cache")
        assert found.names == ("000.png", "001.png", "003.png", "004.png")
        assert len(found.features) == 4
        assert "not a picture" in found.refused["002.png"]


# --- folders and zips: see also test_evaluate.py


def test_transparent_pictures_are_laid_on_white(tmp_path):
    Image.new("RGBA", (4, 4), (9, 9, 9, 0)).save(tmp_path / "a.png")
    with open_pictures(tmp_path) as pictures:
        assert (pictures.pixels("a.png") == 255).all()


def test_at_a_side_pictures_are_cut_to_the_middle_and_resized_and_their_features_are_others(tmp_path, small):
    wide = np.full((8, 16, 3), 255, np.uint8)
    wide[:, 4:12] = (200, 30, 90)
    Image.fromarray(wide).save(tmp_path / "a.png")
    with open_pictures(tmp_path) as pictures:
        assert pictures.pixels("a.png").shape == (8, 16, 3)
        cut = replace(pictures, side_px=4)
        assert cut.pixels("a.png").shape == (4, 4, 3)
        assert np.abs(cut.pixels("a.png").astype(int) - (200, 30, 90)).max() < 20
        whole, part = (extract(each, ["a.png"], small, tmp_path / "cache").features for each in (pictures, cut))
    assert not np.allclose(whole, part)


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK nonsense")
    for name in ("a.zip", "missing"):
        with pytest.raises(BadDataError, match="folder"), open_pictures(tmp_path / name):
            pass
