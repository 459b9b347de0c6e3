"""The doctor: what it measures, what it says, and from when on it says it."""

import pytest
import torch

from ganedit.training.config import TrainConfig
from ganedit.training.doctor import JUDGED_FROM_STEPS, diagnose, measure_diversity


def config(**sections: dict) -> TrainConfig:
    return TrainConfig.from_dict({"schedule": {"batch": 10}, **sections})


FROM_KIMG = JUDGED_FROM_STEPS * 10 / 1000


def journal(count: int = 8, **values: list) -> list[dict]:
    """Ticks of a healthy run from the time on when runs are judged; a list gives the last values of a key."""
    well = {"loss_g": 0.7, "loss_d": 0.7, "real_sign": 0.4, "fake_sign": -0.4, "grad_norm_g": 1.0, "grad_norm_d": 1.0}
    well |= {"skipped": 0.0, "diversity": 1.0, "vendi": 0.95, "coverage": 0.9}
    ticks = [{"kimg": FROM_KIMG + tick, **well} for tick in range(count)]
    for key, last in values.items():
        for tick, value in zip(ticks[-len(last) :], last, strict=True):
            tick[key] = value
    return ticks


def cloud(count: int, seed: int, centers: int = 25) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    places = torch.randint(centers, (count,), generator=chance)
    grid = torch.stack([places % 5, places // 5], dim=1).float()
    return grid + 0.05 * torch.randn(count, 2, generator=chance)


def test_samples_of_the_same_kind_are_as_diverse_as_the_data() -> None:
    measured = measure_diversity(real=cloud(256, 0), fake=cloud(256, 1))
    assert measured["diversity"] == pytest.approx(1, abs=0.1)
    assert measured["vendi"] == pytest.approx(1, abs=0.1)
    assert measured["coverage"] > 0.9


def test_fewer_modes_lower_vendi_and_coverage_in_proportion() -> None:
    some = measure_diversity(real=cloud(256, 0), fake=cloud(256, 1, centers=10))
    one = measure_diversity(real=cloud(256, 0), fake=cloud(256, 1, centers=1))
    assert some["vendi"] == pytest.approx(0.4, abs=0.1) and some["coverage"] == pytest.approx(0.4, abs=0.1)
    assert one["vendi"] < 0.1 and one["coverage"] < 0.1 and one["diversity"] < 0.1


def test_samples_that_are_all_equal_are_no_diversity_at_all() -> None:
    measured = measure_diversity(real=cloud(64, 0), fake=torch.zeros(64, 2))
    assert measured["diversity"] == 0
    assert 0 < measured["vendi"] < 0.1  # one sample, effectively


def test_a_healthy_run_is_called_so_with_its_diversity() -> None:
    verdict = diagnose(journal(), config())
    assert verdict.health == "ok" and verdict.sentence == "Healthy. The samples are 95% as diverse as the data."


def test_it_is_too_early_before_enough_steps_whatever_is_measured() -> None:
    early = [{**tick, "kimg": tick["kimg"] - FROM_KIMG} for tick in journal(3, vendi=[0.01] * 3)]
    verdict = diagnose(early, config())
    assert verdict.health == "ok" and verdict.sentence == f"Too early to tell: judging begins at kimg {FROM_KIMG:g}."
    assert diagnose([], config()).health == "ok"


def test_a_collapse_is_told_with_its_beginning_and_a_cure_that_fits_the_recipe() -> None:
    sick = journal(vendi=[0.3, 0.2, 0.18, 0.18])
    plain = diagnose(sick, config(loss={"gamma": 1.0}))
    assert plain.health == "ill"
    assert plain.sentence == (
        "Modes are collapsing since kimg 7: the samples are 18% as diverse as the data; raise loss.gamma to 2 and turn "
        "augmentation on (augment.policy = color, translation)."
    )
    augmented = diagnose(sick, config(augment={"policy": ["color"]}))
    assert "augment" not in augmented.sentence
    minimax = diagnose(sick, config(loss={"name": "minimax", "r1": False, "r2": False}))
    assert "loss.name to relativistic" in minimax.sentence
    projected = diagnose(sick, config(discriminator={"arch": "projected"}, data={"resolution": 64}))
    assert "optimizer.lr_d to 0.0001" in projected.sentence


def test_two_bad_ticks_are_not_yet_a_collapse_and_a_better_one_starts_the_count_anew() -> None:
    assert diagnose(journal(vendi=[0.2, 0.2]), config()).health == "ok"
    assert diagnose(journal(vendi=[0.2, 0.2, 0.9, 0.2, 0.2]), config()).health == "ok"


def test_somewhat_poor_variety_and_coverage_are_to_be_watched() -> None:
    assert "less diverse" in diagnose(journal(vendi=[0.6] * 3), config()).sentence
    poor = diagnose(journal(coverage=[0.2] * 3), config())
    assert poor.health == "watch" and "20% of the data" in poor.sentence


def test_a_discriminator_that_knows_every_picture_is_told_with_augmentation_as_the_cure() -> None:
    verdict = diagnose(journal(real_sign=[0.99] * 3, fake_sign=[-0.99] * 3), config())
    assert verdict.health == "watch" and "memorizing" in verdict.sentence and "augment.policy" in verdict.sentence


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"loss_d": [2e3, 2e4, 2e5]}, "run away since kimg 8"),
        ({"grad_norm_d": [500.0] * 3}, "D's gradients have exploded"),
        ({"grad_norm_g": [1e-4] * 3}, "G has learned nothing since kimg 8"),
        ({"skipped": [0.75]}, "75% of the last steps"),
    ],
)
def test_broken_and_runaway_numbers_are_ill(values: dict, says: str) -> None:
    verdict = diagnose(journal(**values), config())
    assert verdict.health == "ill" and says in verdict.sentence


def test_a_few_skipped_steps_are_only_watched() -> None:
    assert diagnose(journal(skipped=[0.01]), config()).health == "watch"


def test_journals_with_missing_or_null_numbers_are_judged_by_what_is_there() -> None:
    ticks = [{"kimg": FROM_KIMG + tick, "loss_g": None, "loss_d": 0.5} for tick in range(8)]
    assert diagnose(ticks, config()) == diagnose(ticks, config())
    assert diagnose(ticks, config()).health == "ok"
