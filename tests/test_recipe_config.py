"""Recipes: what they may say, how a mistake is told, and the ones that are shipped."""

import dataclasses
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from ganedit.errors import BadRecipeError
from ganedit.models.archs import DISCRIMINATORS, GENERATORS
from ganedit.models.archs.fastgan import WIDTHS
from ganedit.training.config import DiscriminatorName, GeneratorName, LossConfig, TrainConfig, load_recipe

RECIPES = Path(__file__).parents[1] / "recipes"
QUICKSTART = RECIPES / "quickstart.toml"


def recipe(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(*overrides: str, path: Path = QUICKSTART) -> str:
    with pytest.raises(BadRecipeError) as caught:
        load_recipe(path, overrides)
    sentence = str(caught.value)
    assert sentence.count("\n") == 0
    assert sentence.endswith((".", "?"))
    assert len(sentence) < 250
    return sentence


def test_an_empty_recipe_has_every_default(tmp_path: Path) -> None:
    assert load_recipe(recipe(tmp_path, "")) == TrainConfig()
    assert TrainConfig().loss == LossConfig("relativistic", r1=True, r2=True, gp=False)


def test_what_a_recipe_says_is_taken_in_the_declared_type(tmp_path: Path) -> None:
    text = '[schedule]\nkimg = 3\n[augment]\npolicy = ["color", "flip"]\np = 1\n[data]\nresolution = 128\nflip = true\n'
    config = load_recipe(recipe(tmp_path, text))
    assert (config.data.resolution, config.data.flip) == (128, True)
    assert (config.schedule.kimg, config.augment.p) == (3.0, 1.0)
    assert isinstance(config.schedule.kimg, float)
    assert config.augment.policy == ("color", "flip")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load_recipe(recipe(tmp_path, "\ufeff[loss]\ngamma = 2\n")).loss.gamma == 2.0


def test_the_last_override_wins_over_the_file() -> None:
    config = load_recipe(QUICKSTART, ["schedule.kimg=7", "schedule.kimg = 8.5", "compute.threads=2"])
    assert config.schedule.kimg == 8.5
    assert config.compute.threads == 2
    assert config.generator == load_recipe(QUICKSTART).generator


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("augment.policy=color,translation", ("color", "translation")),
        ("augment.policy=cutout", ("cutout",)),
        ('augment.policy=["flip"]', ("flip",)),
        ("augment.policy=[]", ()),
        ("augment.p=adaptive", "adaptive"),
        ('augment.p="adaptive"', "adaptive"),
        ("augment.p=0.25", 0.25),
        ("data.flip=true", True),
        ("loss.name=hinge", "hinge"),
    ],
)
def test_an_override_needs_no_quotes_or_brackets(text: str, expected: object) -> None:
    section, key = text.partition("=")[0].split(".")
    assert getattr(getattr(load_recipe(QUICKSTART, [text]), section), key) == expected


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("loss.gama=1", '"loss.gama" in a recipe, did you mean gamma?'),
        ("optimizer.batch=8", '"optimizer.batch" in a recipe, did you mean schedule.batch?'),
        ("loss.qqq=8", '"loss.qqq" in a recipe, there are name, gamma, r1, r2, gp, likeness, recognition,'),
        ("los.gamma=1", '"los" in a recipe, did you mean loss?'),
        ("loss=1", "must have the form section.key=value"),
        ("loss.gamma", "must have the form section.key=value"),
    ],
)
def test_an_unknown_key_is_named_with_the_one_that_was_meant(override: str, told: str) -> None:
    assert told in refusal(override)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("schedule.batch=many", 'schedule.batch must be a whole number from 2 to 4096, not "many".'),
        ("schedule.batch=1.5", "schedule.batch must be a whole number from 2 to 4096, not 1.5."),
        ("schedule.batch=1", "schedule.batch must be a whole number from 2 to 4096, not 1."),
        ("schedule.batch=true", "schedule.batch must be a whole number from 2 to 4096, not True."),
        ("schedule.kimg=nan", "schedule.kimg must be a number from 0.001 to 1000000, not nan."),
        ("schedule.kimg=inf", "schedule.kimg must be a number from 0.001 to 1000000, not inf."),
        ("schedule.kimg=", 'schedule.kimg must be a number from 0.001 to 1000000, not "".'),
        ("data.flip=1", "data.flip must be true or false, not 1."),
        ("data.channels=2", "data.channels must be one of 1, 3, not 2."),
        ("data.channels=true", "data.channels must be one of 1, 3, not True."),
        ("data.resolution=100", "data.resolution must be one of 8, 16, 32, 64, 128, 256, 512, 1024, not 100."),
        ("augment.p=1.1", "augment.p must be a number from 0 to 1 or adaptive, not 1.1."),
        ("augment.policy=color,blur", 'augment.policy must be one of color, translation, cutout, flip, not "blur".'),
        ("loss.name=hinje", 'least_squares, relativistic, not "hinje".'),
        ("loss.name=wgan\nx=1", 'not "wgan x=1".'),
        ("loss.name=" + "x" * 500, "x…"),
        ("optimizer.lr_g=1" + "0" * 400, "optimizer.lr_g must be a number from 1e-08 to 1"),
        ("schedule.kimg=" + "[" * 5000, "schedule.kimg must be a number"),
        ("schedule.kimg=2024-01-01", "schedule.kimg must be a number"),
        ("generator.widths=" + ",".join(["8"] * 17), "generator.widths must have at most 16 entries, not 17."),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_what_is_allowed(override: str, told: str) -> None:
    assert told in refusal(override)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["loss.name=wgan", "loss.r1=false", "loss.r2=false"], "loss.gp"),
        (["loss.name=wgan", "loss.gamma=0"], "loss.gamma"),
        (["schedule.snapshot_kimg=1", "schedule.tick_kimg=2"], "schedule.snapshot_kimg must be at least"),
        (["generator.width=28"], "generator.width must be a multiple of 8"),
        (["discriminator.width=12"], "discriminator.width must be a multiple of 8"),
        (["generator.arch=mlp"], "must both be mlp or neither"),
        (["discriminator.arch=projected", "data.channels=1"], "data.channels must be 3"),
        (["data.withhold=0.1"], "data.withhold and data.withhold_kimg need a data.condition"),
        (["loss.pixels=10"], "loss.pixels and loss.perceptual need a data.condition"),
        (["loss.pixels=10", "data.condition=class", "data.flip=true"], "neither data.flip"),
        (["loss.perceptual=1", "data.condition=class"], "loss.perceptual needs discriminator.arch projected"),
        (["generator.widths=8,8"], "generator.widths is for fastgan alone"),
        (["generator.arch=fastgan", "data.resolution=8"], "data.resolution must be at least 16"),
        (["generator.arch=fastgan", "generator.widths=8,8"], "generator.widths must have 4 entries for 32 px, not 2."),
        (["generator.arch=fastgan", "data.resolution=256"], "generator.widths must have 7 entries for 256 px, not 0."),
    ],
)
def test_values_that_contradict_each_other_are_refused(overrides: list[str], told: str) -> None:
    assert told in refusal(*overrides)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[loss\n", "mine.toml is not valid TOML"),
        ("kimg = 3\n", '"kimg" in a recipe, there are data'),
        ("loss = 3\n", "loss must be a section"),
        ("[loss]\nnaem = 'hinge'\n", '"loss.naem" in a recipe, did you mean name?'),
        ("x = " + "[" * 5000, "mine.toml is not valid TOML"),
    ],
)
def test_a_file_that_is_no_recipe_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(path=recipe(tmp_path, text))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(path=tmp_path / "none.toml")
    assert "cannot be read" in refusal(path=tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    assert "latin.toml is not valid TOML" in refusal(path=tmp_path / "latin.toml")


def test_values_given_in_python_are_checked_too() -> None:
    with pytest.raises(BadRecipeError, match=r"loss\.gamma"):
        LossConfig(gamma=-1)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_survives_the_metadata_of_a_snapshot(path: Path) -> None:
    config = load_recipe(path)
    again = TrainConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert again.digest == config.digest


def test_the_digest_tells_every_value_apart_and_nothing_else(tmp_path: Path) -> None:
    plain = load_recipe(recipe(tmp_path, "[loss]\ngamma = 1\n[data]\nflip = false\n"))
    assert plain.digest == load_recipe(recipe(tmp_path, "# same\n[data]\n[loss]\ngamma = 1.0\n")).digest
    others = {load_recipe(QUICKSTART, [change]).digest for change in ("loss.gamma=2", "data.flip=true", "augment.p=0")}
    assert len(others | {plain.digest, load_recipe(QUICKSTART).digest}) == 5


def test_runs_that_were_begun_when_recipes_had_no_start_can_go_on() -> None:
    values = load_recipe(QUICKSTART).to_dict()
    assert values["generator"].pop("start") == "nothing"
    assert TrainConfig.from_dict(values) == load_recipe(QUICKSTART)
    assert load_recipe(QUICKSTART).digest == hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    assert load_recipe(QUICKSTART.with_name("ganedit-photo-x4.toml")).to_dict()["generator"]["start"] == "span"


def test_a_table_of_a_stranger_is_checked_like_a_file() -> None:
    for table, told in (({"loss": None}, "loss must be a section"), ({"loss": {"gamma": None}}, r"loss\.gamma")):
        with pytest.raises(BadRecipeError, match=told):
            TrainConfig.from_dict(table)


def test_the_names_are_those_of_the_networks() -> None:
    assert set(get_args(GeneratorName)) == set(GENERATORS)
    assert set(get_args(DiscriminatorName)) == {*DISCRIMINATORS, "projected"}
    assert len(WIDTHS) == 6, "the number of levels for which a recipe may leave the widths out"


def test_every_key_stands_in_the_docstring_of_its_section() -> None:
    for section in get_type_hints(TrainConfig).values():
        assert all(f"\n        {key.name}: " in section.__doc__ for key in dataclasses.fields(section))


def test_the_quickstart_is_small_and_modern() -> None:
    config = load_recipe(QUICKSTART)
    assert config.data.resolution == 32
    assert (config.generator.arch, config.loss.name, config.loss.r1, config.loss.r2) == (
        "r3gan",
        "relativistic",
        True,
        True,
    )
    assert 20 <= config.schedule.kimg <= 40


def test_the_baseline_is_the_plain_game_of_the_first_paper() -> None:
    config = load_recipe(RECIPES / "dcgan-minimax.toml")
    assert (config.generator.arch, config.discriminator.arch, config.loss.name) == ("dcgan", "dcgan", "minimax")
    assert not (config.loss.r1 or config.loss.r2 or config.loss.gp or config.augment.policy)
    assert config.optimizer.lr_g == config.optimizer.lr_d == 1e-4


def test_reading_a_recipe_loads_no_torch() -> None:
    code = "import sys, ganedit.training.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=RECIPES.parent).returncode == 0
