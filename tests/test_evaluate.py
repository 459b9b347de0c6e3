import json
import stat
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ganedit import sets
from ganedit.errors import BadDataError, BadRequestError
from ganedit.metrics import evaluate as evaluating
from ganedit.metrics.evaluate import evaluate
from ganedit.metrics.features import Backbone
from ganedit.metrics.pairs import feature_distances, psnr, ssim
from ganedit.metrics.pictures import open_pictures
from ganedit.metrics.report import number_name
from ganedit.metrics.sheet import as_tile, draw_sheet, find_copies, most_suspicious


@pytest.fixture(autouse=True)
def one_thread():
    """For matrices as small as these, threads cost more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def project(x):
    weights = torch.randn(3 * 64, 12, generator=torch.Generator().manual_seed(0))
    return x.flatten(1) @ weights / 14


BACKBONE = Backbone(
    "tiny", "ab" * 32, 12, lambda x: torch.nn.functional.interpolate(x.float() / 255, size=(8, 8)), project
)


def scenes(seed, count, low=0, high=256, side=16):
    """Soft random pictures."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        small = random.integers(low, high, (4, 4, 3), dtype=np.uint8)
        yield Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)


def save(folder, found, prefix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(found):
        image.save(folder / f"{prefix}{index:03}.png")
    return folder


def ends(number):
    assert number.low is not None
    assert number.high is not None
    return number.low, number.high


@pytest.fixture
def real(tmp_path):
    return save(tmp_path / "real", scenes(0, 80), "real")


@pytest.fixture
def fake(tmp_path):
    return save(tmp_path / "fake", scenes(1, 40, 0, 110), "fake")


def run(real, fake, tmp_path, **settings):
    return evaluate(real, fake, backbone=BACKBONE, cache=tmp_path / "cache", **settings)


def test_every_number_says_what_it_is_made_of(real, fake, tmp_path):
    report = run(real, fake, tmp_path)
    assert [number.name for number in report.numbers] == [
        "fd_tiny40",
        "kd_tiny40",
        "precision_tiny40",
        "recall_tiny40",
        "density_tiny40",
        "coverage_tiny40",
        "vendi_tiny40",
        "copies_tiny40",
    ]
    for number in report.numbers:
        assert (number.n, number.floor_n, number.backbone) == (40, 40, BACKBONE.digest)
        low, high = ends(number)
        assert low <= number.value <= high
        assert number.floor is not None
    assert (report.real_files, report.fake_files, report.backbone) == (80, 40, "tiny")
    assert "40 of 80 real against 40 of 40 fake" in report.split


def test_worse_fakes_are_worse_than_the_floor_of_real_pictures(real, fake, tmp_path):
    report = run(real, fake, tmp_path)
    by_name = {number.name: (number.value, number.floor or 0) for number in report.numbers}
    for name, (value, floor) in by_name.items():
        if name in ("fd_tiny40", "kd_tiny40"):
            assert value > 2 * floor, name
        if name in ("recall_tiny40", "coverage_tiny40", "vendi_tiny40"):
            assert value < floor, name
    assert ends(report["fd_tiny40"])[0] > by_name["fd_tiny40"][1]


def test_the_floor_says_that_it_has_fewer_samples_when_there_are_not_twice_as_many_real_pictures(tmp_path, fake):
    real = save(tmp_path / "few", scenes(0, 50), "real")
    number = run(real, fake, tmp_path)["fd_tiny40"]
    assert (number.n, number.floor_n) == (40, 25)


def test_the_frechet_distance_of_few_samples_is_grayed_in_favor_of_the_kernel_distance(real, fake, tmp_path):
    report = run(real, fake, tmp_path)
    assert report["fd_tiny40"].grayed
    assert "kernel distance" in report["fd_tiny40"].note
    assert not report["kd_tiny40"].grayed


def test_only_inception_features_make_a_fid():
    assert number_name("frechet", "inception", 10_000) == "fid10k"
    assert number_name("kernel", "inception", 2048) == "kid2048"
    assert number_name("inception_score", "inception", 50_000) == "is50k"
    assert number_name("frechet", "effnet", 1000) == "fd_effnet1k"
    assert number_name("precision", "inception", 1000) == "precision_inception1k"


def test_a_backbone_with_probabilities_gives_an_inception_score(real, fake, tmp_path):
    network = Backbone(
        "inception",
        "cd" * 32,
        12,
        BACKBONE.prepare,
        project,
        lambda rows: torch.from_numpy(rows).double().softmax(1).numpy(),
    )
    report = evaluate(real, fake, backbone=network, cache=tmp_path / "cache")
    low, high = ends(report["is40"])
    assert low <= report["is40"].value <= high
    assert 1 <= (report["is40"].floor or 0) <= 12
    assert "fid40" in {number.name for number in report.numbers}


def test_a_report_says_when_inception_could_not_be_had(real, fake, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluating, "load_backbone", lambda choice, cache: BACKBONE)
    report = evaluate(real, fake, cache=tmp_path / "cache")
    assert "compare it with no FID" in report.notes[0]
    assert not any(number.name.startswith(("fid", "kid")) for number in report.numbers)


def test_the_report_is_json_and_the_same_each_time(real, fake, tmp_path):
    first, again = (json.dumps(run(real, fake, tmp_path).to_dict(), allow_nan=False) for _ in range(2))
    assert first == again
    assert json.loads(first)["numbers"][0]["name"] == "fd_tiny40"
    assert "sheet" not in json.loads(first)


def test_a_tier_bounds_the_samples(real, fake, tmp_path, monkeypatch):
    monkeypatch.setitem(evaluating.SAMPLES, "quick", 15)
    assert {number.n for number in run(real, fake, tmp_path, tier="quick").numbers} == {15}


def test_a_zip_scores_as_its_folder_does(real, fake, tmp_path):
    packed = tmp_path / "fake.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(fake.iterdir()):
            archive.write(file, f"inside/{file.name}")
    assert run(real, packed, tmp_path).numbers == run(real, fake, tmp_path).numbers


def test_bad_members_of_a_zip_are_named_and_the_rest_counts(real, fake, tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "MAX_FILE_BYTES", 1 << 20)
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "fake.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(fake.iterdir()):
            archive.write(file, file.name)
        archive.writestr("../outside.png", b"x")
        archive.writestr("bomb.png", bytes(1 << 21))
        archive.writestr("notes.txt", "hello")
        archive.writestr("broken.png", b"no picture")
        archive.writestr("__MACOSX/._000.png", b"clutter")
        archive.writestr(link, "/etc/passwd")
    report = run(real, tmp_path / "fake.zip", tmp_path)
    assert report.refused["fake"].keys() == {"../outside.png", "bomb.png", "notes.txt", "broken.png", "link.png"}
    assert "leads out" in report.refused["fake"]["../outside.png"]
    assert "larger than" in report.refused["fake"]["bomb.png"]
    assert report.numbers[0].n == 40


def test_a_link_in_a_folder_is_not_followed(real, fake, tmp_path):
    (fake / "link.png").symlink_to(next(real.iterdir()))
    assert "link.png" in run(real, fake, tmp_path).refused["fake"]


def test_a_zip_that_lies_about_a_size_is_read_no_further_than_the_limit(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(5000))
    with open_pictures(tmp_path / "a.zip") as found, pytest.raises(BadDataError, match="larger"):
        found.files["a.png"].read(1000)


@pytest.mark.parametrize(
    ("settings", "words"), [({"tier": "fast"}, "tier 'fast'"), ({"backbone": "vgg"}, "backbone 'vgg'")]
)
def test_unknown_settings_are_refused_with_the_known_ones(real, fake, settings, words):
    with pytest.raises(BadRequestError, match=words):
        evaluate(real, fake, **settings)


def test_too_few_pictures_are_refused(real, tmp_path):
    few = save(tmp_path / "few", scenes(1, 9))
    with pytest.raises(BadRequestError, match="at least 10"):
        run(real, few, tmp_path)


def test_a_folder_without_pictures_is_refused_by_name(real, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDataError, match="empty holds no pictures"):
        run(real, tmp_path / "empty", tmp_path)


def test_progress_goes_through_the_stages_and_may_end_the_work(real, fake, tmp_path):
    told = []
    run(real, fake, tmp_path, on_progress=told.append)
    assert list(dict.fromkeys(each.stage for each in told)) == ["real", "fake", "scores"]
    assert all(each.done <= each.total for each in told)

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(real, fake, tmp_path, on_progress=stop)


# --- pairs


def test_sets_with_the_same_file_names_are_compared_in_pairs(tmp_path):
    originals = list(scenes(0, 30))
    save(tmp_path / "a", originals)
    save(tmp_path / "b", [Image.fromarray(np.asarray(each) // 2 + 60) for each in originals])
    report = run(tmp_path / "a", tmp_path / "b", tmp_path)
    expected = [psnr(np.asarray(each), np.asarray(each) // 2 + 60) for each in originals]
    assert report["psnr30"].value == pytest.approx(np.mean(expected))
    assert ends(report["ssim30"])[0] < report["ssim30"].value < 1
    assert report["feature_distance_tiny30"].value > 0
    assert report["feature_distance_tiny30"].backbone == BACKBONE.digest
    same = run(tmp_path / "a", tmp_path / "a", tmp_path)
    assert (same["psnr30"].value, same["ssim30"].value) == (100, pytest.approx(1))
    assert same["feature_distance_tiny30"].value == pytest.approx(0, abs=1e-12)


def test_pictures_of_one_name_but_different_size_are_no_pairs(tmp_path):
    save(tmp_path / "a", scenes(0, 20))
    save(tmp_path / "b", scenes(0, 20, side=20))
    assert "psnr20" not in {number.name for number in run(tmp_path / "a", tmp_path / "b", tmp_path).numbers}


def test_psnr_and_ssim_agree_with_scikit_image():
    a, b = (np.asarray(next(scenes(seed, 1, side=40))) for seed in (0, 1))
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255))
    expected = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2
    )
    assert ssim(a, b) == pytest.approx(expected, rel=1e-6)


def test_feature_distance_does_not_see_the_length_of_features():
    a = np.array([[1.0, 0], [1, 0], [1, 0]])
    np.testing.assert_allclose(feature_distances(a, np.array([[5.0, 0], [0, 2], [-3, 0]])), [0, 1, 2])


# --- the sheet


def test_copies_of_real_pictures_are_found_and_new_ones_are_not():
    random = np.random.default_rng(0)
    real, new = random.normal(size=(300, 16)), random.normal(size=(100, 16))
    assert find_copies(real=real, fake=new).mean() <= 0.03
    new[:40] = real[:40] + 1e-3
    assert find_copies(real=real, fake=new)[:40].all()


def test_exact_copies_are_found_though_the_real_set_holds_duplicates():
    real = np.random.default_rng(0).normal(size=(60, 4))
    real[30:] = real[:30]
    assert find_copies(real=real, fake=real[:10]).all()


def test_a_generator_that_repeats_its_data_is_told(tmp_path, real):
    copies = save(tmp_path / "copies", (Image.open(file) for file in sorted(real.iterdir())), "copy")
    report = run(real, copies, tmp_path)
    assert report["copies_tiny80"].value == 1
    assert (report["copies_tiny80"].floor or 0) < 0.2


def test_the_most_suspicious_fakes_and_their_nearest_real_pictures_come_first():
    real, fake = np.array([[0.0], [10], [20]]), np.array([[4.0], [19.9], [11]])
    rows, neighbors = most_suspicious(real=real, fake=fake, rows=2, columns=2)
    assert rows.tolist() == [1, 2]
    assert neighbors.tolist() == [[2, 1], [1, 2]]


def test_the_sheet_has_a_row_a_fake_and_real_pictures_to_its_right():
    red, blue = (as_tile(np.full((10, 20, 3), color, np.uint8), 32) for color in ((255, 0, 0), (0, 0, 255)))
    sheet = draw_sheet([red, red], [[blue, blue], [blue, blue]])
    assert sheet.getpixel((16, 16)) == sheet.getpixel((16, 16 + 36)) == (255, 0, 0)
    assert sheet.getpixel((32 + 12 + 16, 16)) == (0, 0, 255)
    assert sheet.getpixel((32 + 6, 16)) == (255, 255, 255)
    assert sheet.size == (32 + 12 + 32 + 4 + 32, 32 + 4 + 32)


def test_a_report_carries_its_sheet(real, fake, tmp_path):
    sheet = run(real, fake, tmp_path).sheet
    assert sheet is not None
    assert sheet.size == (96 + 12 + 5 * 100 - 4, 10 * 100 - 4)
