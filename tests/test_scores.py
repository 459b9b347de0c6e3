import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from ganedit.metrics import neighbors
from ganedit.metrics.intervals import jackknife, of_mean, of_share
from ganedit.metrics.scores import (
    density_coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
    vendi,
)


@pytest.fixture(autouse=True)
def one_thread():
    """For matrices as small as these, threads cost more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def normal(seed, count, dim=8, shift=0.0, scale=1.0):
    return np.random.default_rng(seed).normal(shift, scale, (count, dim))


def features(seed, count, dim=64, shift=0.0):
    """Like those of a network: not negative, correlated, of very different sizes."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(dim, dim)) * np.geomspace(1, 0.01, dim)
    return np.maximum(random.normal(shift, 1, (count, dim)) @ mixing.T + 0.5, 0).astype(np.float32)


def exact(mean, deviations, count=64):
    """Points whose mean and n-1 covariance, diag(deviations^2), are exactly these."""
    x = normal(5, count, len(deviations))
    x = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False)).T)
    return np.asarray(mean) + x * deviations


def ends(found):
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def holds(found, value):
    low, high = ends(found)
    return low < value < high


# --- Frechet distance


def test_two_gaussians_are_as_far_apart_as_the_formula_says():
    a, b = exact([0, 0, 0], [1, 2, 3]), exact([3, 4, 0], [2, 2, 1], count=80)
    assert frechet_distance(real=a, fake=b) == pytest.approx(25 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2, rel=1e-9)


def test_covariances_divide_by_n_minus_1():
    a, b = np.array([[0.0], [2.0]]), np.array([[0.0], [0.0]])  # variance 2 with n - 1, but 1 with n
    assert frechet_distance(real=a, fake=b) == pytest.approx(1 + 2)


def test_a_set_has_no_distance_to_itself_even_with_fewer_samples_than_dimensions():
    for x in (features(0, 300), features(0, 20), 1e3 + normal(1, 50, 100)):
        assert frechet_distance(real=x, fake=x) == pytest.approx(0, abs=1e-7)


def test_the_frechet_distance_is_the_same_both_ways():
    a, b = features(0, 200), features(1, 150, shift=0.3)
    assert frechet_distance(real=a, fake=b) == pytest.approx(frechet_distance(real=b, fake=a), rel=1e-9)


@pytest.mark.parametrize(("count", "dim"), [(400, 64), (80, 128)])
def test_the_frechet_distance_agrees_with_torch_fidelity(count, dim):
    a, b = features(0, count, dim).astype(np.float64), features(1, count + 9, dim, shift=0.2).astype(np.float64)
    statistics = [fid_features_to_statistics(torch.from_numpy(x)) for x in (b, a)]
    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(real=a, fake=b) == pytest.approx(theirs, rel=1e-4)


def test_the_frechet_distance_agrees_with_the_matrix_root_of_pytorch_fid():
    a, b = features(0, 400).astype(np.float64), features(1, 300, shift=0.2).astype(np.float64)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(sqrtm(first @ second))  # what pytorch-fid does
    theirs = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(first + second - 2 * root)
    assert frechet_distance(real=a, fake=b) == pytest.approx(theirs, rel=1e-4)


def test_sets_of_different_widths_are_refused():
    with pytest.raises(ValueError, match="one width"):
        frechet_distance(real=normal(0, 5, 3), fake=normal(0, 5, 4))


# --- kernel distance


def naive_kernel_distance(a, b):
    dim = a.shape[1]
    k = lambda x, y: (x @ y / dim + 1) ** 3  # noqa: E731
    within = [np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]) for x in (a, b)]
    return sum(within) - 2 * np.mean([k(x, y) for x in a for y in b])


def test_no_picture_is_compared_with_itself():
    a, b = normal(0, 7, 3), normal(1, 9, 3, shift=0.5)
    found = kernel_distance(real=a, fake=b, subset_size=9, subsets=1)
    assert found.value != pytest.approx(naive_kernel_distance(a, b))  # a subset has 7 of the 9 fakes
    found = kernel_distance(real=a, fake=b[:7])
    assert found.value == pytest.approx(naive_kernel_distance(a, b[:7]), rel=1e-9)


def test_the_kernel_distance_of_one_distribution_is_zero_on_average_also_for_few_pictures():
    values = [kernel_distance(real=normal(2 * i, 12), fake=normal(2 * i + 1, 12)).value for i in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0


@pytest.mark.parametrize("subset_size", [50, 200])
def test_the_kernel_distance_agrees_with_torch_fidelity(subset_size):
    a, b = features(0, 200).astype(np.float64), features(1, 230, shift=0.2).astype(np.float64)
    theirs = kid_features_to_metric(
        torch.from_numpy(b), torch.from_numpy(a), kid_subsets=20, kid_subset_size=subset_size, verbose=False
    )["kernel_inception_distance_mean"]
    ours = kernel_distance(real=a, fake=b, subsets=20, subset_size=subset_size)
    assert ours.value == pytest.approx(theirs, rel=1e-9)


def test_the_standard_error_of_the_kernel_distance_is_how_far_it_varies():
    found = [kernel_distance(real=normal(2 * i, 40), fake=normal(2 * i + 1, 40, shift=0.4)) for i in range(120)]
    spread = np.std([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.2)


def test_the_seed_decides_the_subsets():
    a, b = normal(0, 60), normal(1, 60)
    first, again, other = (kernel_distance(real=a, fake=b, subsets=3, subset_size=20, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.value != other.value


# --- Inception score


def test_pictures_spread_over_sure_classes_score_their_number():
    assert inception_score(np.eye(10)[np.arange(100) % 10], splits=1).value == pytest.approx(10)


def test_undecided_and_equal_pictures_score_one():
    assert inception_score(np.full((40, 10), 0.1)).value == pytest.approx(1)
    assert inception_score(np.eye(10)[np.zeros(40, int)]).value == pytest.approx(1)


def test_the_inception_score_agrees_with_torch_fidelity():
    logits = torch.from_numpy(normal(0, 203, 12, scale=2))
    theirs = isc_features_to_metric(logits, splits=10)
    ours = inception_score(logits.softmax(1).numpy())
    assert ours.value == pytest.approx(theirs["inception_score_mean"], rel=1e-9)
    assert ours.deviation == pytest.approx(theirs["inception_score_std"], rel=1e-9)


# --- precision and recall, density and coverage


def line(*places):
    return np.array(places, float)[:, None]


def modes(seed, count, *centers):
    random = np.random.default_rng(seed)
    return random.normal(0, 0.1, (count, 2)) + np.array([[c, 0] for c in centers])[np.arange(count) % len(centers)]


def test_dropped_modes_lower_recall_and_coverage_but_not_precision():
    real, fake = modes(0, 400, 0, 10, 20, 30), modes(1, 400, 0, 10)
    support, cover = precision_recall(real=real, fake=fake), density_coverage(real=real, fake=fake)
    assert support.precision > 0.9
    assert support.recall == pytest.approx(0.5, abs=0.05)
    assert cover.coverage == pytest.approx(0.5, abs=0.05)
    assert cover.density > 0.9


def test_invented_modes_lower_precision_but_not_recall():
    support = precision_recall(real=modes(0, 400, 0, 10), fake=modes(1, 400, 0, 10, 20, 30))
    assert support.precision == pytest.approx(0.5, abs=0.05)
    assert support.recall > 0.9


def test_exchanging_the_sets_exchanges_precision_and_recall():
    a, b = features(0, 150), features(1, 120, shift=0.4)
    there, back = precision_recall(real=a, fake=b), precision_recall(real=b, fake=a)
    assert there.precision != there.recall
    assert (there.precision, there.recall) == (back.recall, back.precision)


def test_k_counts_other_pictures_and_a_ball_has_its_surface():
    real, fake = line(0, 1, 3), line(-1, 2, 100)
    assert precision_recall(real=real, fake=fake, k=1).fakes_inside.tolist() == [True, True, False]
    assert precision_recall(real=line(0, 1, 3), fake=line(-1.1, 5.1, 100), k=1).precision == 0
    assert precision_recall(real=line(0, 1, 3), fake=line(-1.1, 5.1, 100), k=2).precision == pytest.approx(2 / 3)


def test_a_neighborhood_of_coverage_does_not_have_its_surface():
    found = density_coverage(real=line(0, 1, 3), fake=line(-1), k=1)
    assert (found.density, found.coverage) == (0, 0)
    found = density_coverage(real=line(0, 1, 3), fake=line(0.5), k=1)  # in the balls around 0, 1 and not 3
    assert (found.density, found.coverage) == (2, pytest.approx(2 / 3))


def test_a_perfect_copy_has_density_coverage_precision_and_recall_of_exactly_one():
    x = features(0, 300)
    support, cover = precision_recall(real=x, fake=x), density_coverage(real=x, fake=x)
    assert (support.precision, support.recall, cover.density, cover.coverage) == (1, 1, 1, 1)


def test_one_far_outlier_among_the_fakes_does_not_cover_real_pictures():
    real, fake = modes(0, 200, 0), np.concatenate([modes(1, 3, 40), line(-80, 90, 70) * [1, 0]])
    assert precision_recall(real=real, fake=fake).recall == 1  # its balls are huge
    assert density_coverage(real=real, fake=fake).coverage == 0


def test_precision_and_recall_agree_with_torch_fidelity():
    a, b = features(0, 400), features(1, 350, shift=0.3)
    theirs = prc_features_to_metric(torch.from_numpy(b), torch.from_numpy(a), verbose=False)
    ours = precision_recall(real=a, fake=b)
    assert 0 < ours.recall < ours.precision < 1 or 0 < ours.precision < ours.recall < 1
    assert ours.precision == pytest.approx(theirs["precision"], rel=1e-4)
    assert ours.recall == pytest.approx(theirs["recall"], rel=1e-4)


def test_blocks_change_nothing(monkeypatch):
    a, b = features(0, 90), features(1, 70, shift=0.3)
    whole = [score(real=a, fake=b) for score in (precision_recall, density_coverage)]
    monkeypatch.setattr(neighbors, "_BLOCK_VALUES", 1000)
    parts = [score(real=a, fake=b) for score in (precision_recall, density_coverage)]
    for one, other in zip(whole, parts, strict=True):
        for name, values in vars(one).items():
            np.testing.assert_array_equal(values, vars(other)[name])


def test_distances_are_those_of_the_plain_formula_far_from_the_origin():
    a, b = 1e4 + normal(0, 20), 1e4 + normal(1, 30)
    (_, found), *_ = neighbors.distances(a, b)
    np.testing.assert_allclose(found, np.linalg.norm(a[:, None] - b, axis=2), rtol=1e-6)


def test_the_nearest_come_first():
    distances, indices = neighbors.nearest(line(0), line(5, -1, 3), k=2)
    assert (indices.tolist(), distances.tolist()) == ([[1, 2]], [[1, 3]])


# --- Vendi


def test_vendi_counts_different_pictures():
    assert vendi(np.eye(7)) == pytest.approx(7)
    assert vendi(np.repeat(np.eye(4), 5, axis=0) * 3) == pytest.approx(4)
    assert vendi(np.ones((9, 3))) == pytest.approx(1)


def test_vendi_is_the_same_from_either_side_of_the_matrix():
    x = features(0, 90)
    unit = x.astype(np.float64)
    unit /= np.linalg.norm(x, axis=1, keepdims=True)
    eigenvalues = np.linalg.eigvalsh(unit @ unit.T / len(x)).clip(1e-200)
    assert vendi(x) == pytest.approx(np.exp(-(eigenvalues * np.log(eigenvalues)).sum()), rel=1e-5)


# --- intervals


def test_the_jackknife_of_a_mean_covers_it_about_19_times_in_20():
    found = [jackknife(lambda x: float(x.mean()), normal(i, 100, 1)) for i in range(300)]
    covered = np.mean([holds(each, 0) for each in found])
    assert 0.91 <= covered <= 0.985


def test_the_interval_of_the_frechet_distance_holds_what_other_draws_give():
    def draw(i):
        return normal(2 * i, 200, 3), normal(2 * i + 1, 200, 3, shift=0.5)

    def score(a, b):
        return frechet_distance(real=a, fake=b)

    expected = np.mean([score(*draw(i)) for i in range(100, 250)])
    found = [jackknife(score, *draw(i)) for i in range(60)]
    assert 0.87 <= np.mean([holds(each, expected) for each in found]) <= 1


def test_the_jackknife_is_the_same_each_time_and_needs_20_rows():
    x = normal(0, 57, 1)
    assert jackknife(lambda x: float(x.std()), x) == jackknife(lambda x: float(x.std()), x)
    assert jackknife(lambda x: float(x.mean()), x[:19]).low is None


def test_a_share_of_one_is_not_certain():
    every = of_share(np.ones(100, bool))
    assert every.value == every.high == 1
    assert every.low == pytest.approx(0.963, abs=0.001)
    half = of_share(np.arange(100) % 2 == 0)
    assert (half.low, half.high) == (pytest.approx(0.404, abs=0.001), pytest.approx(0.596, abs=0.001))


def test_the_interval_of_a_mean_shrinks_with_the_root_of_the_count():
    x = normal(0, 400, 1)[:, 0]
    few, many = of_mean(x[:100]), of_mean(x)
    assert np.diff(ends(few)) / np.diff(ends(many)) == pytest.approx(2, rel=0.15)
    assert of_mean(x[:1]).low is None
