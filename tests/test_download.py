"""Downloading against a server that cuts, refuses and redirects: resumed, never glued, never led astray."""

from pathlib import Path

import httpx
import pytest
from loopback_site import CUT, DATA, Site, names, sha256, stop_at

from ganedit.errors import WeightsUnavailableError
from ganedit.models import download, sources
from ganedit.models.card import Source
from ganedit.models.sources import FetchProgress, cached_path, fetch, is_cached

pytestmark = pytest.mark.usefixtures("quiet_environment")


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
