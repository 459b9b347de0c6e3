"""The web page: ``build_ui`` puts the tabs together, ``launch_options`` says how Gradio is to serve them."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before gradio is imported: it reports to its makers unless told not to.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from starlette.middleware import Middleware

from ganedit.engine import Engine
from ganedit.errors import UnknownModelError
from ganedit.ui.answers import HANDLERS, Answers, Page
from ganedit.ui.api import add_api
from ganedit.ui.api_generate import add_generate_api
from ganedit.ui.api_inpaint import add_inpaint_api
from ganedit.ui.api_stylize import add_stylize_api
from ganedit.ui.edit_wiring import LIGHT
from ganedit.ui.enhance import build_enhance_tab
from ganedit.ui.evaluate import build_evaluate_tab
from ganedit.ui.exchange import Exchange
from ganedit.ui.fair import use_fair_queue
from ganedit.ui.generate import build_generate_tab
from ganedit.ui.http import Harden, Hosts, Rules, started_names
from ganedit.ui.i18n import STRINGS, Html, both, translations
from ganedit.ui.inpaint import build_inpaint_tab
from ganedit.ui.models import build_models_tab
from ganedit.ui.owners import Owners
from ganedit.ui.run import Run
from ganedit.ui.runs import Runs, runs_folder
from ganedit.ui.settings import UiSettings
from ganedit.ui.stylize import build_stylize_tab
from ganedit.ui.theme import GaneditTheme, head, mark, style_sheet
from ganedit.ui.train import build_train_tab
from ganedit.ui.uploads import leave_no_empty_files

__all__ = ["UiSettings", "build_ui", "launch_options"]

_CACHE_SWEEP_SECONDS, _CACHE_AGE_SECONDS = 600, 3600


def build_ui(engine: Engine, settings: UiSettings) -> gr.Blocks:
    """Build the page.

    Args:
        engine: runs the edits.
        settings: how the app was started.

    Returns:
        The page, with its queue set up; ``launch(**launch_options(settings))`` serves it.
    """
    leave_no_empty_files()
    exchange, owners = Exchange(), _owners(engine, settings)
    delete_cache = (_CACHE_SWEEP_SECONDS, _CACHE_AGE_SECONDS)
    with Page(title="ganedit", analytics_enabled=False, delete_cache=delete_cache) as page:
        gr.HTML(_header(), elem_id="ge-header", apply_default_css=False)
        # Both names are fixed: what a browser remembers must outlive this process.
        key = gr.BrowserState("", storage_key="ganedit-key", secret="ganedit")
        if owners:
            page.load(owners.key, key, key, **LIGHT)
        with gr.Tabs(overflow_behavior="wrap", elem_id="ge-tabs") as tabs:
            build_enhance_tab(engine, settings, exchange)
            build_inpaint_tab(engine, settings, exchange)
            build_stylize_tab(engine, settings, exchange)
            build_generate_tab(engine, settings, exchange)
            build_train_tab(owners, key, exchange, by_path=not settings.public)
            build_evaluate_tab(engine, settings, owners, key)
            build_models_tab(engine, settings)
        exchange.connect(tabs)
        add_api(engine, settings)
        add_inpaint_api(engine, settings)
        add_generate_api(engine, settings)
        add_stylize_api(engine, settings)
    return use_fair_queue(page)


def launch_options(settings: UiSettings, *, share: bool = False) -> dict[str, Any]:
    """Give the arguments of ``launch`` that keep the page private and itself; host and port are not among them.

    Raises:
        BadRequestError: a host name of ``settings`` or an environment variable is none.
    """
    hosts = Hosts(started_names(settings.host, settings.allow_hosts))
    harden = Middleware(Harden, Rules(settings.public, share, hosts, settings.allow_addresses))
    return {
        "share": share,
        "theme": GaneditTheme(),
        "css": style_sheet(),
        "head": head(),
        "i18n": translations(),
        "favicon_path": str(Path(__file__).parent / "favicon.svg"),
        "footer_links": ["api", "settings"],
        "app_kwargs": {
            "middleware": [harden, Middleware(Answers)],
            "exception_handlers": HANDLERS,
        },
        "max_file_size": "20mb" if settings.public else "1gb",
        "max_threads": 16,
        "state_session_capacity": 500,
        "mcp_server": settings.mcp,
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "num_workers": 0,  # theirs would be further ports, past the middleware
        "_frontend": False,  # else gradio calls the page and gives up where that takes three seconds
    }


def _owners(engine: Engine, settings: UiSettings) -> Owners | None:
    """Give the training runs and whose they are; None where strangers may not train."""
    if settings.public and not settings.training:
        return None

    def publish(run: Run) -> None:
        if snapshot := run.snapshot():
            engine.registry.put(snapshot, f"{run.model}.safetensors", listed=not run.owner)

    def withdraw(run: Run) -> None:
        with suppress(UnknownModelError):  # there was no snapshot yet
            if run.owner:
                engine.registry.remove(run.model)

    return Owners(Runs(runs_folder(), publish, withdraw), apart=settings.public)


def _header() -> Html:
    half_moon = (
        '<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">'
        '<circle cx="10" cy="10" r="7.2" fill="none" stroke="currentColor" stroke-width="1.6"/>'
        '<path d="M10 2.8a7.2 7.2 0 0 1 0 14.4z" fill="currentColor"/></svg>'
    )
    # The script needs them: on a switch of language gradio forgets the names of the tabs that are not open.
    tabs = "".join(
        f'<span hidden data-ge-tab="{key.removeprefix("ge.tab.")}">{both(key)}</span>'
        for key in STRINGS
        if key.startswith("ge.tab.")
    )
    dark = f'{half_moon}<span class="ge-unseen">{both("ge.app.dark")}</span>'
    return Html(
        f'<div class="ge-header">{mark()}<h1>ganedit</h1><span class="ge-tagline">{both("ge.app.tagline")}</span>'
        f'<button type="button" class="ge-tool" data-ge="language">{both("ge.app.language")}</button>'
        f'<button type="button" class="ge-tool" data-ge="theme">{dark}</button>{tabs}</div>'
    )
