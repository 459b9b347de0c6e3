"""Download one file over HTTP: resumed after a cut, tried again when the line is bad, never over plain HTTP.

Plain ``http`` is taken for the machine's own loopback address only, and never after a redirect from ``https``.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

LARGEST_BYTES = 4 << 30  # a file of unknown size is cut off here
_LARGEST_ANSWER_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 18
_RETRY_PAUSES_SECONDS = (0.5, 1.0, 2.0)
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Report = Callable[[int, int | None], None]
_T = TypeVar("_T")


class SourceError(Exception):
    """One source did not give the file; the message says why in a few words."""


class _StartOverError(Exception):
    """The server will not go on where the partial file ends."""


@dataclass(frozen=True)
class Remote:
    """What to download and what it must be.

    Attributes:
        url: where it is.
        hash_name: algorithm of ``digest``, in hashlib's words.
        digest: hexadecimal; None if nobody told.
        size_bytes: None if unknown.
    """

    url: str
    hash_name: str = "sha256"
    digest: str | None = None
    size_bytes: int | None = None


def download(remote: Remote, part: Path, report: Report) -> None:
    """Bring the whole, right file to ``part``, going on from what is there already.

    Whatever goes wrong on the line leaves ``part`` for a later call to resume; wrong bytes are deleted.

    Args:
        remote: what to download.
        part: the partial file, of this caller alone while the call lasts.
        report: called with the bytes done and the bytes in all (None if unknown) after every chunk; what it raises
            ends the download.

    Raises:
        SourceError: the server does not give the file, or gives another one.
    """
    resumed = part.exists()
    digest = _with_retries(remote.url, lambda: _attempt(remote, part, report))
    if resumed and _is_wrong(digest, remote):
        discard(part)  # what an earlier call left may itself have been bad, so the server gets one clean try
        digest = _with_retries(remote.url, lambda: _attempt(remote, part, report))
    if _is_wrong(digest, remote):
        discard(part)
        raise SourceError("sent a file with the wrong hash")


def discard(part: Path) -> None:
    """Delete a partial file and the note about where it came from."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def get_text(url: str, accept: str) -> tuple[str, str]:
    """Read a short answer, such as an index page.

    Returns:
        The text, and the address it came from in the end.

    Raises:
        SourceError: the server gives no answer, or a very large one.
    """

    def ask() -> tuple[str, str]:
        body = bytearray()
        with _client() as client, client.stream("GET", url, headers={"Accept": accept}) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes(_CHUNK_BYTES):
                body += chunk
                if len(body) > _LARGEST_ANSWER_BYTES:
                    raise SourceError("answered with far too much text")
            return body.decode("utf-8", "replace"), str(response.url)

    return _with_retries(url, ask)


def _client() -> httpx.Client:
    return httpx.Client(
        follow_redirects=True,
        timeout=_TIMEOUT,
        headers={"User-Agent": "ganedit"},
        event_hooks={"response": [_check_redirect]},
    )


def _check_redirect(response: httpx.Response) -> None:
    if response.has_redirect_location:
        target = str(response.url.join(response.headers["location"]))
        _check_address(target, after_https=response.url.scheme == "https")


def _check_address(url: str, *, after_https: bool = False) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK and not after_https):
        return
    raise SourceError("leads to an address that is not https")


def _with_retries(url: str, action: Callable[[], _T]) -> _T:
    """Run ``action`` again after errors that may pass; turn the others into a SourceError."""
    _check_address(url)
    reason = "cannot resume"
    for pause in (*_RETRY_PAUSES_SECONDS, 0.0):
        try:
            return action()
        except _StartOverError:
            continue
        except httpx.HTTPStatusError as error:
            reason = f"answered {error.response.status_code}"
            if error.response.status_code < 500 and error.response.status_code not in (408, 429):
                raise SourceError(reason) from error
        except httpx.TransportError as error:
            reason = _words(error)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError("has an address that leads nowhere") from error
        time.sleep(pause)
    raise SourceError(reason)


def _words(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    return "could not be reached" if isinstance(error, httpx.ConnectError) else "broke off the download"


def _attempt(remote: Remote, part: Path, report: Report) -> str:
    """One request for what is missing of ``part``; returns the hexadecimal hash of the whole."""
    etag = _resumable_etag(remote, part)
    hasher = hashlib.new(remote.hash_name)
    done = _hash_file(part, hasher) if etag is not None else 0
    if done and hasher.hexdigest() == remote.digest:
        return hasher.hexdigest()
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-"} | ({"If-Range": etag} if etag else {})
    with _client() as client, client.stream("GET", remote.url, headers=headers) as response:
        if not _continues(response, done, part):
            hasher, done = hashlib.new(remote.hash_name), 0
            _write_note(remote, part, response)
        _receive(response, remote, part, hasher=hasher, done=done, report=report)
    return hasher.hexdigest()


def _continues(response: httpx.Response, done: int, part: Path) -> bool:
    """Whether the answer goes on after ``done`` bytes rather than from the start."""
    partial = response.status_code == 206
    fits = response.headers.get("Content-Range", "").startswith(f"bytes {done}-")
    if done and (response.status_code == 416 or (partial and not fits)):
        discard(part)
        raise _StartOverError
    response.raise_for_status()
    if partial and not done:
        raise SourceError("answered with a part of the file")
    return partial


def _receive(
    response: httpx.Response, remote: Remote, part: Path, *, hasher: "hashlib._Hash", done: int, report: Report
) -> None:
    """Write the body behind the first ``done`` bytes of ``part``, hashing it on the way."""
    length = response.headers.get("Content-Length", "")
    total = done + int(length) if length.isdecimal() else remote.size_bytes
    limit = remote.size_bytes or LARGEST_BYTES
    if total is not None and total > limit:
        discard(part)
        raise SourceError("has a file of another size")
    with part.open("ab" if done else "wb") as file:
        report(done, total)
        for chunk in response.iter_raw():  # as they come: whole chunks would be lost at a cut
            done += len(chunk)
            if done > limit:
                break
            file.write(chunk)
            hasher.update(chunk)
            report(done, total)
    if done > limit:
        discard(part)
        raise SourceError("sent more than the file's size")
    if total is not None and done < total:
        raise httpx.ReadError("the server closed the connection early")
    if total is None:
        report(done, done)


def _is_wrong(digest: str, remote: Remote) -> bool:
    return remote.digest is not None and digest != remote.digest


def _hash_file(path: Path, hasher: "hashlib._Hash") -> int:
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            hasher.update(chunk)
            done += len(chunk)
    return done


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".from")


def _write_note(remote: Remote, part: Path, response: httpx.Response) -> None:
    """Keep what a resumed request must know: a mark of the address (which may hold a password) and the ETag."""
    part.unlink(missing_ok=True)  # first, or a kill between the two would pair old bytes with the new note
    etag = response.headers.get("ETag", "")
    strong = "" if etag.startswith("W/") else etag
    _note(part).write_text(f"{_mark(remote.url)}\n{strong}", "utf-8")


def _resumable_etag(remote: Remote, part: Path) -> str | None:
    """The ETag under which ``part`` was begun, empty if there was none; None if it cannot be resumed from here."""
    with suppress(OSError, ValueError):
        mark, _, etag = _note(part).read_text("utf-8").partition("\n")
        if mark == _mark(remote.url) and part.stat().st_size <= (remote.size_bytes or LARGEST_BYTES):
            return etag
    return None


def _mark(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]
