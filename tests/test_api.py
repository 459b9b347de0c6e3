"""The named endpoints, driven over HTTP by gradio's own client against a real server."""

import importlib.util
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import gradio as gr
import httpx
import pytest
from gradio.utils import get_upload_folder
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import BadRequestError
from ganedit.image import Picture
from ganedit.requests import EditResult, EnhanceRequest, Progress, Request
from ganedit.ui import api
from ganedit.ui.answers import Page
from ganedit.ui.api import Endpoints, add_api, finish, parse_size
from ganedit.ui.settings import UiSettings

ROW_KEYS = {
    "id", "task", "kind", "license", "commercial_use", "installed", "size_bytes", "sha256", "arch", "scale",
}  # fmt: skip
HAS_MCP = importlib.util.find_spec("mcp") is not None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A real server with the endpoints and a private event; direct calls are closed, as in the app."""
    with Page(analytics_enabled=False) as demo:
        add_api(Engine(), UiSettings())
    demo.queue(api_open=False)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, mcp_server=HAS_MCP, show_error=False)
    assert demo.mcp_error is None
    yield url
    demo.close(verbose=False)


@pytest.fixture(scope="module")
def client(server: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(server, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    gradient = Image.linear_gradient("L").resize((24, 16))
    Image.merge("RGB", (gradient, gradient.transpose(Image.Transpose.ROTATE_180), gradient)).save(path)
    return path


def _refusal(client: Client, **arguments: Any) -> str:
    with pytest.raises(AppError) as caught:
        client.predict(**arguments, api_name="/enhance")
    return str(caught.value)


def test_a_network_enlarges_a_picture_four_times(client: Client, photo: Path) -> None:
    path, about = client.predict(image=handle_file(photo), model="realesr-animevideov3", api_name="/enhance")
    with Image.open(path) as result:
        assert (result.format, result.size) == ("PNG", (96, 64))
    assert set(about) == {"model", "seconds", "width", "height", "notes"}
    assert about["model"].startswith("realesr-animevideov3@")
    assert (about["width"], about["height"]) == (96, 64)
    assert about["seconds"] > 0


def test_the_file_that_comes_back_is_the_one_that_was_encoded(
    client: Client, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    save = api.save_picture

    def remember(picture: Picture, path: Path, **options: Any) -> None:
        save(picture, path, **options)
        written.append(path)

    monkeypatch.setattr(api, "save_picture", remember)
    for picture_format, ending in (("png", ".png"), ("jpeg", ".jpg"), ("webp", ".webp"), ("avif", ".avif")):
        path, _ = client.predict(
            image=handle_file(photo), model="none", scale=1, format=picture_format, quality=80, api_name="/enhance"
        )
        assert Path(path).suffix == ending
        assert Path(path).read_bytes() == written[-1].read_bytes()


def test_png_without_a_network_loses_nothing(client: Client, photo: Path) -> None:
    path, about = client.predict(image=handle_file(photo), model="none", scale=1, api_name="/enhance")
    with Image.open(path) as result, Image.open(photo) as original:
        assert result.convert("RGB").tobytes() == original.tobytes()
    assert about["model"] == "none"


def test_size_and_adjustments_reach_the_picture(client: Client, photo: Path) -> None:
    path, about = client.predict(
        image=handle_file(photo), model="none", size="30x20", saturation=0, brightness=1, api_name="/enhance"
    )
    with Image.open(path) as result:
        assert result.size == (30, 20) == (about["width"], about["height"])
        red, green, blue = result.convert("RGB").split()
        assert red.tobytes() == green.tobytes() == blue.tobytes()
        assert min(red.tobytes()) > 100


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"model": "no-such-model"}, "no model called no-such-model"),
        ({"size": "wide"}, "WIDTHxHEIGHT"),
        ({"brightness": 7}, "brightness must be a number from -1 to 1, not '7'"),
        ({"scale": "lots"}, "scale must be a number from 1 to 8, not 'lots'"),
        ({"white_balance": "purple"}, "White balance is"),
        ({"denoise": 2}, "denoise must be a number from 0 to 1"),
        ({"denoise": 0.5}, "denoise strength"),
        ({"format": "bmp"}, "bmp"),
        ({"size": "20000x20000"}, "megapixels"),
    ],
)
def test_a_wrong_setting_is_answered_with_one_sentence(
    client: Client, photo: Path, arguments: dict[str, Any], sentence: str
) -> None:
    assert sentence in _refusal(client, image=handle_file(photo), **arguments)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [("text.png", b"this is no picture", "picture"), ("a.svg", b"<svg></svg>", "SVG"), ("empty.png", b"", "empty")],
)
def test_a_bad_file_is_answered_with_one_sentence(
    client: Client, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    told = _refusal(client, image=handle_file(tmp_path / name))
    assert sentence in told
    assert "\n" not in told


def test_a_failure_of_ours_is_told_without_its_details(
    client: Client, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Engine, request: Request) -> Iterator[Progress | EditResult]:
        raise RuntimeError("secret detail")
        yield

    monkeypatch.setattr(Engine, "stream", broken)
    told = _refusal(client, image=handle_file(photo))
    assert "our side" in told
    assert "secret" not in told


def test_models_are_listed_exactly_as_the_registry_has_them(client: Client) -> None:
    rows = client.predict(api_name="/models")
    assert rows == json.loads(json.dumps(Engine().registry.rows()))
    assert set(rows[0]) == ROW_KEYS
    assert client.predict(task="generate", api_name="/models") == Engine().registry.rows("generate")
    with pytest.raises(AppError, match="enhance"):
        client.predict(task="fly", api_name="/models")


def test_every_parameter_has_a_name_a_type_and_a_label(client: Client) -> None:
    described: Any = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == {"/enhance", "/models"}
    parameters = described["named_endpoints"]["/enhance"]["parameters"]
    names = [parameter["parameter_name"] for parameter in parameters]
    assert names == [
        "image", "model", "scale", "size", "denoise", "brightness", "contrast", "saturation", "sharpness", "gamma",
        "white_balance", "color_guard", "format", "quality", "precision",
    ]  # fmt: skip
    assert all(not parameter["label"].startswith("parameter_") for parameter in parameters)
    assert [parameter["parameter_name"] for parameter in parameters if not parameter["parameter_has_default"]] == [
        "image"
    ]


def test_a_direct_call_that_would_skip_the_queue_is_closed(server: str) -> None:
    for route in ("run", "api"):
        answer = httpx.post(f"{server}gradio_api/{route}/enhance", json={"data": [None] * 15})
        assert answer.status_code == 404
        assert "queue" in answer.json()["detail"]


def test_a_path_of_the_server_is_not_opened(server: str, photo: Path) -> None:
    payload = {"path": str(photo), "meta": {"_type": "gradio.FileData"}}
    data = [payload, "none", None, "", None, 0, 1, 1, 1, 1, "none", True, "png", 95, "auto"]
    event = httpx.post(f"{server}gradio_api/call/enhance", json={"data": data}).json()["event_id"]
    answer = httpx.get(f"{server}gradio_api/call/enhance/{event}").text
    assert answer.startswith("event: error")


@pytest.mark.skipif(not HAS_MCP, reason='MCP IS NOT TESTED: install it with pip install "mcp>=1.21,<2"')
def test_the_endpoints_are_mcp_tools_with_every_parameter_described(server: str) -> None:
    tools = {tool["name"]: tool for tool in httpx.get(f"{server}gradio_api/mcp/schema").json()}
    assert set(tools) == {"enhance", "models"}
    properties = tools["enhance"]["inputSchema"]["properties"]
    assert all(described["description"] for described in properties.values())
    assert properties["format"]["enum"] == ["png", "jpeg", "webp", "avif"]
    assert tools["enhance"]["inputSchema"]["required"] == ["image"]


def test_results_lie_under_random_names_outside_what_gradio_serves(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "KEEP_SECONDS", -1.0)
    endpoints = Endpoints(Engine(), None)
    first, second = (Path(endpoints.enhance(photo.read_bytes(), model="none")[0]) for _ in range(2))
    assert first.name != second.name
    assert len(first.stem) > 24
    assert second.parents[1].stat().st_mode & 0o077 == 0
    assert not second.is_relative_to(get_upload_folder())
    assert (first.exists(), second.exists()) == (False, True)


@pytest.mark.parametrize(
    ("text", "size"), [("", None), (None, None), ("640x480", (640, 480)), (" 640 X 480 ", (640, 480)), ("6*4", (6, 4))]
)
def test_sizes_are_read(text: Any, size: tuple[int, int] | None) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["640", "0x10", "axb", "-5x5", "10x10x10"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError, match="WIDTHxHEIGHT"):
        parse_size(text)


class _SlowEngine(Engine):
    """An engine that says how long it will take, and notes whether it was stopped."""

    def __init__(self, seconds_left: float) -> None:
        super().__init__()
        self.seconds_left = seconds_left
        self.stopped = False

    def stream(self, request: Request) -> Iterator[Progress | EditResult]:
        try:
            for done in range(3):
                yield Progress(done, 2, self.seconds_left, "run")
            yield EditResult((cast(EnhanceRequest, request).image,), request, "none", 0.1)
        finally:
            self.stopped = True


def _request() -> EnhanceRequest:
    return EnhanceRequest(Picture.from_pil(Image.new("RGB", (4, 4))))


def test_an_edit_that_takes_too_long_for_a_public_server_is_stopped_at_once() -> None:
    engine = _SlowEngine(1200.0)
    with pytest.raises(BadRequestError, match="about 20 minutes, more than the 10 allowed") as caught:
        finish(engine, _request(), gr.Progress(), 600.0)
    # The traceback keeps the generator alive, so that only closing it can have stopped it by now.
    assert caught.tb is not None
    assert engine.stopped


def test_an_edit_may_take_any_time_on_ones_own_machine() -> None:
    assert finish(_SlowEngine(1200.0), _request(), gr.Progress(), None).model == "none"


def test_a_16_bit_picture_stays_16_bit_as_png(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.new("I;16", (8, 8), 0x1234).save(path)
    result, _ = client.predict(image=handle_file(path), model="none", scale=1, api_name="/enhance")
    with Image.open(io.BytesIO(Path(result).read_bytes())) as picture:
        assert picture.mode == "I;16"
