"""Pipelines from words, on tiny random ones in the hub's own format, fetched from a hub on this machine."""

import json
import shutil
import socket
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from PIL import Image
from tiny_pipeline import LONGEST, REPOSITORY, REVISION, SIDE_PX, card_of, save_tiny, save_tiny_xl
from typer.testing import CliRunner

from ganedit import cli, engine
from ganedit.engine import Engine
from ganedit.errors import BadCheckpointError, BadRequestError, LicenseNotAcceptedError, WeightsUnavailableError
from ganedit.formats import read_recipe
from ganedit.image import Picture
from ganedit.models import pipelines
from ganedit.models.archs import GENERATORS
from ganedit.models.catalog import CATALOG
from ganedit.models.pipelines import TextPipeline
from ganedit.models.registry import Registry
from ganedit.models.snapshots import write_snapshot
from ganedit.provenance import make_recipe
from ganedit.requests import (
    EditResult,
    EnhanceRequest,
    GenerateRequest,
    Guide,
    InterpolateRequest,
    ProjectRequest,
    Told,
    settings_of,
)

PLACE = f"hf:{REPOSITORY}@{REVISION}"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small spend their time on waiting for threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("tiny") / "pipeline")


@pytest.fixture
def hub(tiny, tmp_path, monkeypatch):
    """A hub that has the tiny pipeline; gives the folder it serves."""
    served = tmp_path / "hub" / REPOSITORY / "resolve" / REVISION
    shutil.copytree(tiny, served)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "hub")))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def registry(tiny, hub, tmp_path):
    return Registry([card_of(tiny, PLACE)], weights=tmp_path / "weights", cache=tmp_path / "cache")


def local(folder, tmp_path):
    return Registry([card_of(folder)], weights=tmp_path / "weights", cache=tmp_path / "cache")


def photo(width=48, height=24):
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    return Picture(np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (height, width, 3))))


# --- the folder ---


def test_a_pipeline_comes_from_a_hub_as_one_folder_and_draws_with_no_network(registry, tmp_path, monkeypatch):
    assert not registry.is_installed("tiny")
    [told] = registry.fetch("tiny")
    assert "hashes for 9 of the files of tiny" in told and registry.fetch("tiny") == ()
    [folder] = [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert (folder / "unet" / "diffusion_pytorch_model.safetensors").is_file()
    assert (folder / "tokenizer" / "merges.txt").is_file()
    monkeypatch.setattr(socket.socket, "connect", lambda *args: pytest.fail("went to the network"))
    pipeline = registry.load_generator("tiny")
    assert pipeline.draw("a cat", 1).shape == (SIDE_PX, SIDE_PX, 3)
    assert registry.loaded_ids == ("tiny",) and pipeline.bytes > 10_000
    registry.remove("tiny")
    assert not folder.exists() and not registry.is_installed("tiny") and registry.loaded_ids == ()


def test_weights_with_a_wrong_hash_are_refused(registry, hub):
    path = hub / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsUnavailableError, match=r"vae/diffusion_pytorch_model.safetensors .*wrong hash"):
        registry.fetch("tiny")
    assert not registry.is_installed("tiny")


def test_a_file_that_the_hub_lacks_is_named_in_one_sentence(registry, hub):
    (hub / "tokenizer" / "merges.txt").unlink()
    with pytest.raises(
        WeightsUnavailableError, match=r"tokenizer/merges.txt answered 404.*copy the repository's files"
    ):
        registry.fetch("tiny")


def test_a_text_file_is_held_to_the_hash_of_its_first_fetch(registry, tmp_path, hub):
    registry.fetch("tiny")
    [kept] = (tmp_path / "cache").rglob("scheduler_config.json")
    text = kept.read_text()
    kept.write_text(text.replace("epsilon", "sample"))
    with pytest.raises(BadCheckpointError, match=r"scheduler_config\.json is damaged or another file"):
        registry.load_generator("tiny")
    kept.unlink()
    (hub / "scheduler" / "scheduler_config.json").write_text(text.replace("epsilon", "sample"))
    with pytest.raises(WeightsUnavailableError, match="wrong hash"):
        registry.fetch("tiny")
    (hub / "scheduler" / "scheduler_config.json").write_text(text)
    registry.fetch("tiny")
    assert registry.load_generator("tiny").draw("a cat", 1).any()


def test_files_copied_by_hand_are_as_good_as_fetched_ones(tiny, registry, tmp_path, monkeypatch):
    monkeypatch.setenv("GANEDIT_OFFLINE", "1")
    with pytest.raises(WeightsUnavailableError) as refused:
        registry.fetch("tiny")
    advised = str(refused.value).rpartition("copy the repository's files to ")[2].removesuffix(".")
    shutil.copytree(tiny, advised)
    assert registry.load_generator("tiny").draw("a cat", 1).any()


def test_a_folder_that_names_foreign_code_is_refused(tiny, tmp_path):
    folder = tmp_path / "bad"
    shutil.copytree(tiny, folder)
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"unet": ["subprocess", "Popen"]}))
    with pytest.raises(BadCheckpointError, match="no pipeline that can be used"):
        TextPipeline.read(folder)
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": ["mine", "Pipeline"]}))
    with pytest.raises(BadCheckpointError, match="no pipeline that can be used"):
        TextPipeline.read(folder)


def test_pickled_weights_are_not_read(tiny, tmp_path):
    folder = tmp_path / "bad"
    shutil.copytree(tiny, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(BadCheckpointError, match="no pipeline that can be used"):
        TextPipeline.read(folder)


def test_the_restricted_models_ask_for_their_license_first(tmp_path):
    registry = Registry(weights=tmp_path / "weights", cache=tmp_path / "cache")
    for model in ("sd-turbo", "sdxl-turbo"):
        with pytest.raises(LicenseNotAcceptedError, match="Stability AI"):
            registry.fetch(model)


def test_the_catalogue_names_every_file_that_a_pipeline_needs(tiny, tmp_path):
    names = {path.relative_to(tiny).as_posix() for path in tiny.rglob("*") if path.is_file()}
    cards = {card.id: card for card in CATALOG}

    def listed(model):
        return {part.locator.split("/", 2)[2] for part in cards[model].sources[0].parts}

    assert listed("sdxs-512-dreamshaper") == names
    assert {name.replace(".fp16", "") for name in listed("sd-turbo")} == names
    xl = save_tiny_xl(tmp_path / "xl")
    assert listed("sdxl-turbo") == {path.relative_to(xl).as_posix() for path in xl.rglob("*") if path.is_file()}


# --- drawing ---


def test_a_seed_gives_the_same_picture_bit_for_bit(tiny):
    one, other = TextPipeline.read(tiny), TextPipeline.read(tiny)
    first = one.draw("a cat", 5)
    one.draw("a dog", 6)
    assert np.array_equal(first, one.draw("a cat", 5))
    assert np.array_equal(first, other.draw("a cat", 5))
    assert not np.array_equal(first, one.draw("a cat", 6))
    assert not np.array_equal(first, one.draw("a dog", 5))


def test_the_one_step_is_that_of_diffusers(tiny, monkeypatch):
    monkeypatch.setattr(pipelines, "bfloat16_is_faster", lambda device: False)
    official: Any = StableDiffusionPipeline.from_pretrained(tiny)
    chance = torch.Generator().manual_seed(3)
    wanted = official("a cat", num_inference_steps=1, guidance_scale=0.0, generator=chance, output_type="np").images[0]
    difference = TextPipeline.read(tiny).draw("a cat", 3) - wanted * 255
    assert np.abs(difference).max() < 0.51  # rounded to bytes


def test_a_weaker_guide_keeps_more_of_the_picture(tiny, monkeypatch):
    monkeypatch.setattr(pipelines, "bfloat16_is_faster", lambda device: False)
    pipeline, x = TextPipeline.read(tiny), torch.rand(1, 3, 24, 48)
    times, shares = [], []
    add_noise = EulerDiscreteScheduler.add_noise

    def watched(scheduler, clean, noise, timesteps):
        noisy = add_noise(scheduler, clean, noise, timesteps)
        times.append(int(timesteps))
        shares.append(float((noisy - clean).std() / clean.std()))
        return noisy

    monkeypatch.setattr(EulerDiscreteScheduler, "add_noise", watched)
    for strength in (0.1, 0.6, 1.0):
        assert pipeline.draw("as an oil painting", 1, x, strength).shape == (24, 48, 3)
    assert times == [100, 599, 999]
    assert shares[0] < shares[1] / 5 < shares[2] / 25


def test_sdxl_with_its_two_text_encoders_and_half_precision_files_draws_and_is_guided(tmp_path):
    pipeline = TextPipeline.read(save_tiny_xl(tmp_path / "xl"))
    drawn = pipeline.draw("a cat", 2)
    assert drawn.shape == (SIDE_PX, SIDE_PX, 3)
    assert np.array_equal(drawn, pipeline.draw("a cat", 2))
    assert pipeline.draw("a cat", 2, torch.rand(1, 3, 32, 16), 0.5).shape == (32, 16, 3)


def test_values_that_are_not_finite_are_an_error_and_no_black_picture(tiny):
    pipeline = TextPipeline.read(tiny)
    next(iter(pipeline._pipeline.vae.decoder.parameters())).data.fill_(float("nan"))
    with pytest.raises(BadCheckpointError, match="not finite"):
        pipeline.draw("a cat", 1)


# --- through the engine ---


def test_words_become_pictures_each_by_its_own_seed(tiny, tmp_path):
    engine = Engine(local(tiny, tmp_path))
    both = engine.run(GenerateRequest("tiny", 7, 2, told=Told(text="a cat")))
    alone = engine.run(GenerateRequest("tiny", 8, told=Told(text="a cat")))
    assert np.array_equal(both.images[1].pixels, alone.images[0].pixels)
    assert both.model.startswith("tiny@") and both.notes == ()
    recipe = json.loads(make_recipe(both))
    assert recipe["ai_generated"] is True and recipe["ai_edited"] is False


def test_a_guide_is_drawn_at_its_own_shape_and_its_strength_is_recorded(tiny, tmp_path):
    request = GenerateRequest("tiny", told=Told(text="as an oil painting"), guide=Guide(photo(960, 480), 0.4))
    result = Engine(local(tiny, tmp_path)).run(request)
    assert (result.images[0].width, result.images[0].height) == (48, 24)
    assert settings_of(request)["guide"] == {"strength": 0.4}
    assert json.loads(make_recipe(result))["ai_generated"] is True


def test_requests_that_make_no_sense_are_refused_in_one_sentence(tiny, tmp_path):
    engine = Engine(local(tiny, tmp_path))
    for request, sentence in [
        (GenerateRequest("tiny"), "Say in words"),
        (GenerateRequest("tiny", told=Told(class_name="sea", text="a")), "is told text, not class"),
        (GenerateRequest("tiny", told=Told(text="a"), guide=Guide(photo(), 0.0)), "above 0 and at most 1"),
        (GenerateRequest("tiny", told=Told(text="a"), guide=Guide(photo(), 1.5)), "above 0 and at most 1"),
    ]:
        with pytest.raises(BadRequestError, match=sentence):
            engine.run(request)


def test_a_generator_that_starts_from_no_picture_says_so(tmp_path):
    config = {"resolution": 8, "z_dim": 6, "width": 8, "c_dim": 0, "channels": 3}
    (tmp_path / "weights").mkdir()
    write_snapshot(tmp_path / "weights" / "own.safetensors", GENERATORS["r3gan"](**config), "r3gan", {})
    engine = Engine(Registry([], weights=tmp_path / "weights", cache=tmp_path / "cache"))
    with pytest.raises(BadRequestError, match="starts from no picture"):
        engine.run(GenerateRequest("own", guide=Guide(photo())))


def test_whatever_a_generator_drew_is_marked_as_generated_and_an_edit_as_edited():
    asked = GenerateRequest("own")
    for request in (asked, InterpolateRequest(asked, asked), ProjectRequest(photo(), "own")):
        recipe = json.loads(make_recipe(EditResult((photo(),), request, "own@0123", 1.0)))
        assert (recipe["ai_generated"], recipe["ai_edited"]) == (True, False)
    recipe = json.loads(make_recipe(EditResult((photo(),), EnhanceRequest(photo()), "own@0123", 1.0)))
    assert (recipe["ai_generated"], recipe["ai_edited"]) == (False, True)


def test_the_end_of_a_long_text_is_told_to_have_no_influence(tiny, tmp_path):
    letters = " ".join("abcdefghijklmnopqrstuvwxyz"[: LONGEST - 1])
    result = Engine(local(tiny, tmp_path)).run(GenerateRequest("tiny", told=Told(text=letters)))
    assert result.notes == ("The text is too long, and its end was passed over: o.",)


def test_the_command_line_starts_from_a_picture(tiny, tmp_path, monkeypatch):
    registry = local(tiny, tmp_path)
    monkeypatch.setattr(engine, "Registry", lambda: registry)
    Image.new("RGB", (40, 40), "red").save(tmp_path / "in.png")
    words = ["generate", str(tmp_path / "out"), "--model", "tiny", "--text", "as an oil painting", "--seed", "4"]
    done = CliRunner().invoke(cli.app, [*words, "--image", str(tmp_path / "in.png"), "--strength", "0.5"])
    assert done.exit_code == 0, done.output
    recipe = read_recipe(tmp_path / "out" / "tiny-4.png")
    assert recipe is not None
    assert json.loads(recipe)["settings"]["guide"] == {"strength": 0.5}
