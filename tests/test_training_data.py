"""Training data: what strangers send, the cache, and batches that are the same whichever way they are asked for."""

import io
import json
import os
import runpy
import struct
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit import sets
from ganedit.errors import BadDataError
from ganedit.training.data import Batches, prepare, to_network
from ganedit.training.decoding import StoppedError

ROOT = Path(__file__).parents[1]


def picture(color=(200, 30, 60), size=(12, 12), mode="RGB", kind="PNG", **options):
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **options)
    return out.getvalue()


def noise(seed, side=16):
    out = io.BytesIO()
    values = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(values).save(out, "PNG")
    return out.getvalue()


def folder_of(top, files):
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    return top


def zip_of(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def patch_directory(path, name, offset, value, form):
    """Change a field in the record of a member in the directory at the end of a zip."""
    data = bytearray(path.read_bytes())
    start = 0
    while True:
        start = data.index(b"PK\1\2", start)
        length = struct.unpack_from("<H", data, start + 28)[0]
        if data[start + 46 : start + 46 + length] == name.encode():
            struct.pack_into(form, data, start + offset, value)
            path.write_bytes(data)
            return
        start += 4


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def ten(tmp_path, cache):
    """Ten pictures, each of one gray level: the picture's index times 20."""
    files = {f"{index}.png": picture((index * 20,) * 3) for index in range(10)}
    return prepare(folder_of(tmp_path / "ten", files), cache, 8)


# Pictures


def test_pictures_become_squares_from_the_middle(tmp_path, cache):
    wide = Image.new("RGB", (48, 16), (255, 0, 0))
    wide.paste((0, 0, 255), (16, 0, 32, 16))
    out = io.BytesIO()
    wide.save(out, "PNG")
    data = prepare(folder_of(tmp_path / "in", {"wide.png": out.getvalue()}), cache, 16)
    assert data.images.shape == (1, 16, 16, 3) and data.images.dtype == np.uint8
    assert (data.images[0] == (0, 0, 255)).all()


def test_resizing_averages_instead_of_picking(tmp_path, cache):
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    out = io.BytesIO()
    Image.fromarray(stripes).save(out, "PNG")
    data = prepare(folder_of(tmp_path / "in", {"stripes.png": out.getvalue()}), cache, 8)
    assert (np.abs(data.images[0].astype(int) - 127) < 12).all()


def test_transparent_parts_become_white(tmp_path, cache):
    files = {"clear.png": picture((0, 0, 0, 0), mode="RGBA"), "half.png": picture((0, 0, 0, 128), mode="RGBA")}
    data = prepare(folder_of(tmp_path / "in", files), cache, 12)
    assert (data.images[0] == 255).all()
    assert (data.images[1] == 127).all()


def test_gray_pictures_become_color_and_color_becomes_gray(tmp_path, cache):
    source = folder_of(tmp_path / "in", {"color.png": picture((255, 0, 0)), "gray.png": picture(90, mode="L")})
    color, gray = prepare(source, cache, 12), prepare(source, cache, 12, channels=1)
    assert color.images.shape == (2, 12, 12, 3) and (color.images[1] == 90).all()
    assert gray.images.shape == (2, 12, 12, 1) and gray.channels == 1
    assert gray.images[0, 0, 0, 0] == 76 and gray.images[1, 0, 0, 0] == 90


def test_pictures_are_turned_as_the_camera_noted(tmp_path, cache):
    image = Image.new("RGB", (16, 16), "black")
    image.paste("white", (0, 0, 16, 8))  # white at the top
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: the top goes to the right
    out = io.BytesIO()
    image.save(out, "PNG", exif=exif)
    data = prepare(folder_of(tmp_path / "in", {"photo.png": out.getvalue()}), cache, 16)
    assert (data.images[0, :, 8:] == 255).all() and (data.images[0, :, :8] == 0).all()


def test_pictures_that_had_to_grow_are_counted(tmp_path, cache):
    source = folder_of(tmp_path / "in", {"small.png": picture(size=(8, 40)), "large.png": picture(size=(40, 40))})
    assert any("1 of 2 pictures are smaller than 32 pixels" in note for note in prepare(source, cache, 32).notes)
    assert not prepare(source, cache, 8).notes


# Folders, classes, captions


def test_sub_folders_are_classes_also_inside_one_more_folder(tmp_path, cache):
    files = {"set/dog/1.png": noise(1), "set/cat/deep/2.png": noise(2), "set/dog/3.png": noise(3)}
    data = prepare(folder_of(tmp_path / "in", files), cache, 8)
    assert data.class_names == ("cat", "dog")
    assert data.names == ("set/cat/deep/2.png", "set/dog/1.png", "set/dog/3.png")
    assert data.labels is not None and data.labels.tolist() == [0, 1, 1] and data.labels.dtype == np.int64


def test_a_folder_without_usable_pictures_is_no_class(tmp_path, cache):
    files = {"cat/1.png": noise(1), "dog/2.png": noise(2), "notes/3.png": b"nothing to see"}
    data = prepare(folder_of(tmp_path / "in", files), cache, 8)
    assert data.class_names == ("cat", "dog") and "notes/3.png" in data.skipped


def test_a_picture_beside_the_sub_folders_means_no_classes_and_this_is_told(tmp_path, cache):
    data = prepare(folder_of(tmp_path / "in", {"cat/1.png": noise(1), "2.png": noise(2)}), cache, 8)
    assert data.labels is None and data.class_names == ()
    assert any("not used as classes" in note for note in data.notes)


def test_captions_come_from_a_list_or_from_files_beside_the_pictures(tmp_path, cache):
    lines = [
        {"file": "a.png", "caption": "from  the\nlist"},
        {"file": "missing.png", "caption": "of nothing"},
        {"file": "../in/b.png", "caption": "led out"},
        ["no", "object"],
    ]
    files = {
        **{f"{name}.png": noise(number) for number, name in enumerate("abc")},
        "captions.jsonl": b"\n".join(json.dumps(line).encode() for line in lines) + b"\nno json\n",
        "a.txt": b"from the file",
        "b.txt": "\ufeffein Bär".encode(),
        "alone.txt": b"of no picture",
    }
    data = prepare(folder_of(tmp_path / "in", files), cache, 8)
    assert data.captions == ("from the list", "ein Bär", "")
    assert data.skipped.keys() == {"alone.txt", "captions.jsonl"}
    assert "4 of its lines" in data.skipped["captions.jsonl"] and "line 2" in data.skipped["captions.jsonl"]


def test_a_caption_list_in_a_folder_names_files_from_there(tmp_path, cache):
    files = {"set/a.png": noise(1), "set/captions.jsonl": b'{"file": "a.png", "caption": "here"}'}
    assert prepare(folder_of(tmp_path / "in", files), cache, 8).captions == ("here",)


def test_captions_that_are_no_text_or_too_long_are_refused_by_name(tmp_path, cache):
    files = {"a.png": noise(1), "a.txt": b"\xff\xfe\0", "b.png": noise(2), "b.txt": b"x" * (1 << 20)}
    data = prepare(folder_of(tmp_path / "in", files), cache, 8)
    assert "UTF-8" in data.skipped["a.txt"] and "larger than 16 kB" in data.skipped["b.txt"]
    assert data.captions is None and len(data) == 2


def test_the_license_nearest_to_the_top_is_kept(tmp_path, cache):
    files = {"a.png": noise(1), "LICENSE.txt": b"CC0\n", "deep/LICENCE": b"other", "license-plate.png": noise(2)}
    data = prepare(folder_of(tmp_path / "in", files), cache, 8)
    assert data.license == "CC0" and len(data) == 2 and not data.skipped


def test_what_systems_leave_behind_is_passed_over_in_silence(tmp_path, cache):
    files = {"a.png": noise(1), ".DS_Store": b"x", "__MACOSX/._a.png": b"x", ".git/b.png": noise(2), "Thumbs.db": b"x"}
    for source in (folder_of(tmp_path / "in", files), zip_of(tmp_path / "in.zip", files)):
        data = prepare(source, cache, 8)
        assert data.names == ("a.png",) and not data.skipped


# Strangers


def test_files_that_are_no_pictures_are_named_and_the_rest_is_used(tmp_path, cache):
    whole = noise(1, side=64)
    files = {"good.png": whole, "cut.png": whole[:2000], "text.jpg": b"hello", "empty.png": b"", "run.exe": b"MZ\0\0"}
    data = prepare(folder_of(tmp_path / "in", files), cache, 8)
    assert data.names == ("good.png",)
    assert data.skipped.keys() == {"cut.png", "text.jpg", "empty.png", "run.exe"}
    assert "damaged" in data.skipped["cut.png"] and "empty" in data.skipped["empty.png"]


def test_a_picture_of_too_many_pixels_is_refused_by_name(tmp_path, cache):
    bomb = picture(0, size=(9000, 9000), mode="1")
    data = prepare(folder_of(tmp_path / "in", {"bomb.png": bomb, "good.png": noise(1)}), cache, 8)
    assert data.names == ("good.png",) and "80 megapixels" in data.skipped["bomb.png"]


def test_links_and_special_files_in_a_folder_are_refused_by_name(tmp_path, cache):
    outside = folder_of(tmp_path / "outside", {"secret.png": noise(9)})
    source = folder_of(tmp_path / "in", {"good.png": noise(1)})
    (source / "link.png").symlink_to(outside / "secret.png")
    (source / "folder").symlink_to(outside)
    (source / "loop").symlink_to(source)
    os.mkfifo(source / "pipe.png")
    data = prepare(source, cache, 8)
    assert data.names == ("good.png",)
    assert data.skipped.keys() == {"link.png", "folder", "loop", "pipe.png"}
    assert "link" in data.skipped["link.png"] and "ordinary" in data.skipped["pipe.png"]


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "..\\evil.png"])
def test_members_that_lead_out_of_the_zip_are_refused_by_name(tmp_path, cache, name):
    data = prepare(zip_of(tmp_path / "in.zip", {name: noise(1), "good.png": noise(2)}), cache, 8)
    assert data.names == ("good.png",) and "leads out" in data.skipped[name]
    assert not list(tmp_path.rglob("evil.png"))


def test_links_in_a_zip_are_refused_by_name(tmp_path, cache):
    path = zip_of(tmp_path / "in.zip", {"good.png": noise(1)})
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    data = prepare(path, cache, 8)
    assert data.names == ("good.png",) and "link" in data.skipped["link.png"]


def test_encrypted_members_are_refused_by_name(tmp_path, cache):
    path = zip_of(tmp_path / "in.zip", {"locked.png": noise(1), "good.png": noise(2)})
    patch_directory(path, "locked.png", 8, 1, "<H")
    data = prepare(path, cache, 8)
    assert data.names == ("good.png",) and "encrypted" in data.skipped["locked.png"]


def test_members_that_unpack_to_far_more_than_their_size_are_refused_by_name(tmp_path, cache):
    path = zip_of(tmp_path / "in.zip", {"bomb.png": bytes(8 << 20), "good.png": noise(1)})
    data = prepare(path, cache, 8)
    assert data.names == ("good.png",) and "200 times" in data.skipped["bomb.png"]


@pytest.mark.parametrize("claim", [100, 1 << 20])
def test_a_member_that_lies_about_its_size_is_read_no_further_and_refused_by_name(tmp_path, cache, claim, monkeypatch):
    path = zip_of(tmp_path / "in.zip", {"liar.png": bytes(8 << 20), "good.png": noise(1)})
    patch_directory(path, "liar.png", 24, claim, "<I")
    longest = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *a: longest.append(len(data := read(*a))) or data)
    data = prepare(path, cache, 8)
    assert data.names == ("good.png",) and "damaged" in data.skipped["liar.png"]
    assert sum(longest) <= claim + 10_000


def test_reading_stops_at_the_limit_whatever_the_size_was_said_to_be():
    class Endless(io.BytesIO):
        given = 0

        def read(self, size=-1):
            assert size >= 0
            Endless.given += size
            return bytes(size if Endless.given < 64 << 20 else 0)

    with pytest.raises(BadDataError, match="larger than 2 MB"):
        sets.SourceFile(10, "", Endless).read(2 << 20)
    assert Endless.given <= 3 << 20


def test_unusual_compression_is_refused_by_name(tmp_path, cache):
    path = zip_of(tmp_path / "in.zip", {"good.png": noise(1)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("odd.png", bytes(1 << 16), compress_type=zipfile.ZIP_LZMA)
    data = prepare(path, cache, 8)
    assert data.names == ("good.png",) and "unusual" in data.skipped["odd.png"]


def test_files_larger_than_the_limit_are_refused_by_name(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(sets, "MAX_FILE_BYTES", 20 << 10)
    files = {"large.png": noise(1, side=100), "good.png": noise(2)}
    for source in (folder_of(tmp_path / "in", files), zip_of(tmp_path / "in.zip", files)):
        data = prepare(source, cache, 8)
        assert data.names == ("good.png",) and "larger than 20 kB" in data.skipped["large.png"]


def test_members_that_share_their_bytes_are_a_bomb(tmp_path, cache):
    path = zip_of(tmp_path / "in.zip", {"a.png": noise(1, side=64), "b.png": noise(2)})
    patch_directory(path, "b.png", 20, path.stat().st_size, "<I")
    with pytest.raises(BadDataError, match=r"in\.zip claims to hold more"):
        prepare(path, cache, 8)


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_UNPACKED_BYTES", "_MAX_DIRECTORY_BYTES"])
def test_a_zip_with_too_much_in_it_is_refused_as_a_whole(tmp_path, cache, monkeypatch, limit):
    path = zip_of(tmp_path / "in.zip", {f"{number}.png": noise(number) for number in range(5)})
    monkeypatch.setattr(sets, limit, 4)
    with pytest.raises(BadDataError, match=r"in\.zip"):
        prepare(path, cache, 8)


def test_a_folder_with_too_many_files_is_refused(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(sets, "MAX_FILES", 2)
    source = folder_of(tmp_path / "in", {f"{number}.png": noise(number) for number in range(3)})
    with pytest.raises(BadDataError, match="more than 2 files"):
        prepare(source, cache, 8)


def test_damage_in_one_member_costs_only_this_one(tmp_path, cache):
    path = zip_of(tmp_path / "in.zip", {"bad.png": noise(1), "good.png": noise(2)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    assert prepare(path, cache, 8).names == ("good.png",)


@pytest.mark.parametrize("data", [b"", b"PK\3\4 and no more", picture()], ids=["empty", "cut", "picture"])
def test_a_source_that_is_no_zip_is_refused(tmp_path, cache, data):
    (tmp_path / "in.zip").write_bytes(data)
    with pytest.raises(BadDataError, match="neither a folder nor an undamaged zip"):
        prepare(tmp_path / "in.zip", cache, 8)


def test_without_a_usable_picture_the_first_reason_is_told(tmp_path, cache):
    (tmp_path / "in").mkdir()
    with pytest.raises(BadDataError, match="There is no picture in in"):
        prepare(tmp_path / "in", cache, 8)
    (tmp_path / "in" / "text.png").write_bytes(b"hello")
    with pytest.raises(BadDataError, match=r"of text\.png the reason is"):
        prepare(tmp_path / "in", cache, 8)
    with pytest.raises(BadDataError, match="no folder or zip file nowhere"):
        prepare(tmp_path / "nowhere", cache, 8)
    assert not list(cache.iterdir())


@pytest.mark.parametrize(("resolution", "channels"), [(0, 3), (100_000, 3), (8, 4)])
def test_sizes_out_of_range_are_refused(tmp_path, cache, resolution, channels):
    source = folder_of(tmp_path / "in", {"a.png": noise(1)})
    with pytest.raises(BadDataError, match="cannot be prepared"):
        prepare(source, cache, resolution, channels)


# The cache


def count_reads(monkeypatch):
    reads = []
    read = sets.SourceFile.read
    monkeypatch.setattr(sets.SourceFile, "read", lambda *a: reads.append(1) or read(*a))
    return reads


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_second_call_reads_no_picture(tmp_path, cache, monkeypatch, kind):
    files = {"a/1.png": noise(1), "b/2.png": noise(2), "b/2.txt": b"two", "bad.png": b"bad", "LICENSE": b"CC0"}
    source = folder_of(tmp_path / "in", files) if kind == "folder" else zip_of(tmp_path / "in.zip", files)
    first, reads = prepare(source, cache, 8), count_reads(monkeypatch)
    second = prepare(source, cache, 8)
    assert not reads
    assert isinstance(second.images, np.memmap) and not second.images.flags.writeable
    assert (first.images == second.images).all() and first.labels is not None and second.labels is not None
    assert (first.labels == second.labels).all()
    for name in ("names", "class_names", "captions", "digest", "license", "skipped", "notes"):
        assert getattr(first, name) == getattr(second, name)


def test_every_change_of_source_or_size_is_seen(tmp_path, cache):
    source = folder_of(tmp_path / "in", {"a.png": noise(1), "b.png": noise(2)})
    digests = [prepare(source, cache, 8).digest, prepare(source, cache, 16).digest, prepare(source, cache, 8, 1).digest]
    (source / "a.png").write_bytes(noise(3))
    digests.append(prepare(source, cache, 8).digest)
    (source / "a.txt").write_text("a caption")
    digests.append(prepare(source, cache, 8).digest)
    (source / "b.png").unlink()
    digests.append(prepare(source, cache, 8).digest)
    assert len(set(digests)) == len(digests)


def test_a_touched_file_is_read_again_but_the_data_stay_the_same(tmp_path, cache, monkeypatch):
    source = folder_of(tmp_path / "in", {"a.png": noise(1)})
    before, reads = prepare(source, cache, 8).digest, count_reads(monkeypatch)
    os.utime(source / "a.png", (1, 1))
    assert prepare(source, cache, 8).digest == before and reads


def test_neither_the_order_of_files_nor_the_kind_of_source_changes_the_data(tmp_path, cache, monkeypatch):
    files = {f"{name}/{number}.png": noise(number) for number in range(4) for name in "ba"} | {"bad.png": b"x"}
    source = folder_of(tmp_path / "in", files)
    found = [prepare(source, cache, 8)]
    found.append(prepare(zip_of(tmp_path / "one.zip", files), cache, 8))
    found.append(prepare(zip_of(tmp_path / "two.zip", dict(reversed(files.items()))), cache, 8))
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            self.entries = scandir(path)

        def __enter__(self):
            return iter(sorted(self.entries, key=lambda entry: entry.name, reverse=True))

        def __exit__(self, *_):
            self.entries.close()

    monkeypatch.setattr(os, "scandir", Backwards)
    found.append(prepare(source, tmp_path / "other cache", 8))
    for other in found[1:]:
        assert other.digest == found[0].digest and other.names == found[0].names
        assert (other.images == found[0].images).all()
        assert list(other.skipped.items()) == list(found[0].skipped.items())


@pytest.mark.parametrize("file", ["index.json", "pixels.npy"])
def test_a_damaged_cache_is_made_again(tmp_path, cache, file):
    source = folder_of(tmp_path / "in", {"a.png": noise(1), "b.png": noise(2)})
    pixels = np.array(prepare(source, cache, 8).images)
    (entry,) = cache.iterdir()
    (entry / file).write_bytes((entry / file).read_bytes()[:-50])
    assert (prepare(source, cache, 8).images == pixels).all()


def test_progress_is_told_and_a_stop_leaves_nothing(tmp_path, cache):
    source = folder_of(tmp_path / "in", {f"{number}.png": noise(number) for number in range(20)})
    seen = []
    with pytest.raises(StoppedError):
        prepare(source, cache, 8, progress=lambda *told: seen.append(told), should_stop=lambda: len(seen) == 3)
    assert [told[:2] for told in seen] == [(1, 20), (2, 20), (3, 20)] and all(told[2] >= 0 for told in seen)
    assert not list(cache.iterdir())
    prepare(source, cache, 8, progress=lambda *told: seen.append(told))
    assert seen[-1] == (20, 20, 0)


def test_a_full_disk_is_told_before_anything_is_decoded(tmp_path, cache, monkeypatch):
    source = folder_of(tmp_path / "in", {"a.png": noise(1)})
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(BadDataError, match="free some room"):
        prepare(source, cache, 8)


# Batches


def test_an_epoch_shows_every_picture_once_in_an_order_of_its_own(ten):
    epochs = [ten.batch(nimg, 10, seed=3)[1].tolist() for nimg in (0, 10)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 2
    assert epochs[0] != epochs[1] and ten.batch(0, 10, seed=4)[1].tolist() != epochs[0]


def test_a_batch_holds_the_pictures_that_its_indices_name(ten):
    images, indices = ten.batch(7, 6, seed=0)
    assert images.shape == (6, 8, 8, 3) and images.flags.writeable
    assert images[:, 0, 0, 0].tolist() == [20 * index for index in indices]


def test_resuming_anywhere_gives_what_the_straight_run_gives(ten):
    straight = np.concatenate([ten.batch(nimg, 7, seed=1)[1] for nimg in range(0, 70, 7)])
    for nimg in range(60):
        assert (ten.batch(nimg, 7, seed=1)[1] == straight[nimg : nimg + 7]).all()


@pytest.mark.parametrize(("batch", "world"), [(8, 2), (9, 3), (25, 4), (2, 3)])
def test_the_shares_of_all_ranks_are_the_batch_of_one_process_in_order(ten, batch, world):
    for nimg in (0, 5, 13):
        images, indices = ten.batch(nimg, batch, seed=2)
        shares = [ten.batch(nimg, batch, 2, rank, world) for rank in range(world)]
        assert (np.concatenate([share[1] for share in shares]) == indices).all()
        assert (np.concatenate([share[0] for share in shares]) == images).all()


def test_networks_get_floats_from_minus_one_to_one():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    images[0, 1, 2] = (255, 51, 0)
    x = to_network(images)
    assert x.shape == (2, 3, 4, 4) and x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert x[0, :, 1, 2].tolist() == pytest.approx([1, -0.6, -1]) and x.min() == -1 and x.max() == 1


def test_reading_ahead_gives_the_same_batches(ten):
    with Batches(ten, 20, 6, 5, rank=1, world=2) as batches:
        for nimg in range(20, 80, 6):
            images, indices = next(batches)
            wanted = ten.batch(nimg, 6, 5, 1, 2)
            assert (indices == wanted[1]).all() and (images == wanted[0]).all()


def threads_of_batches():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ganedit-batches")]


def test_closing_ends_the_thread_and_the_sequence(ten):
    batches = Batches(ten, 0, 4, 0)
    next(batches)
    assert len(threads_of_batches()) == 1
    batches.close()
    batches.close()
    assert not threads_of_batches() and list(batches) == []


def test_an_error_of_the_thread_reaches_the_loop(ten):
    with Batches(ten, 0, 4, seed=-1) as batches, pytest.raises(ValueError, match="non-negative"):
        next(batches)
    assert not threads_of_batches()


# Tools


def tool(name):
    return runpy.run_path(str(ROOT / "tools" / f"{name}.py"))


@pytest.mark.parametrize("out", ["digits", "digits.zip"])
def test_digits_become_class_folders_with_their_license(tmp_path, cache, out):
    digits = tool("prepare_digits")
    images = np.zeros((3, 8, 8))
    images[1], images[2] = 16, 8
    digits["write"](digits["digit_files"](images, np.array([7, 0, 7])), tmp_path / out)
    data = prepare(tmp_path / out, cache, 8, channels=1)
    assert data.class_names == ("0", "7") and data.labels is not None and data.labels.tolist() == [0, 1, 1]
    assert data.images[:, 0, 0, 0].tolist() == [255, 0, 128] and not data.skipped
    assert data.license is not None and "CC BY 4.0" in data.license


COPYRIGHT = """Format: https://www.debian.org/

Files: images/*
Copyright: Somebody
License: CC-BY-SA-4.0

Files: images/land/*
Copyright: Various
License: public-domain
 Taken from a collection.

Files: images/land/*-harro*
Copyright: Harro
License: CC-BY-SA-4.0

Files:
 images/land/sea1*
 images/land/hill0*
Copyright: Various
License: public-domain
 Taken from elsewhere.
"""


def test_of_the_landscapes_only_those_surely_in_the_public_domain_are_taken(tmp_path):
    landscapes = tool("prepare_landscapes")
    folder_of(tmp_path, {landscapes["COPYRIGHT"]: COPYRIGHT.encode()})
    names = ["sea0", "sea1", "sea10-harro", "hill0", "valley2-harro", "station1", "valley7"]
    land = tmp_path / landscapes["PICTURES"] / "images" / "land"
    folder_of(land, {f"{name}@2x.jpg": b"" for name in names})
    picked = landscapes["pick"](tmp_path)
    assert [path.name for path in picked] == ["hill0@2x.jpg", "sea0@2x.jpg", "sea1@2x.jpg"]
    text = landscapes["license_text"](picked)
    assert "Taken from elsewhere.\nCopyright field: Various\nFiles: hill/hill0@2x.jpg, sea/sea1@2x.jpg" in text
