"""The smallest editing tab: it turns a picture into itself. For the tests of what all editing tabs share."""

import gradio as gr

from ganedit.engine import Engine
from ganedit.image import Picture
from ganedit.requests import EditResult, EnhanceRequest
from ganedit.ui.desk import Desk, build_actions, build_columns
from ganedit.ui.edit_wiring import wire
from ganedit.ui.editing import EditTab, Updates, Values
from ganedit.ui.enhance_layout import EXAMPLES
from ganedit.ui.exchange import Exchange
from ganedit.ui.file_choices import build_file_choices
from ganedit.ui.intake import build_intake
from ganedit.ui.result_view import build_result_view
from ganedit.ui.session import Photo
from ganedit.ui.settings import UiSettings
from ganedit.ui.strings import STRINGS

STRINGS.update({f"ge.example.mirror.{name}": ("Example", "示例") for name in EXAMPLES})


class MirrorTab(EditTab):
    name = "mirror"

    def request(self, image: Picture, values: Values) -> EnhanceRequest:
        return EnhanceRequest(image, model="none", scale=1.0)

    def stem(self, photo: Photo, result: EditResult) -> str:
        return f"{photo.name}-mirrored"

    def picture_in(self, photo: Photo, values: Values) -> Updates:
        (own,) = self.desk.stage
        return {own: gr.update(value=f"<b>{photo.name}</b>", visible=True)}


def build_mirror_tab(engine: Engine, settings: UiSettings, exchange: Exchange) -> MirrorTab:
    tab = MirrorTab(engine, settings)
    with gr.Tab("Mirror", id=tab.name, elem_id="ge-tab-mirror"):
        memory = tab.build_memory()
        side, main = build_columns()
        with side:
            intake = build_intake(tab.name, EXAMPLES)
            actions = build_actions(tab.name, "ge.run.button")
            file = build_file_choices(tab.name)
        with main:
            view = build_result_view(tab.name, "ge.result.preview")
            with view.stage:
                own = gr.HTML(visible=False, elem_id="ge-mirror-own")
    tab.desk = Desk(memory, intake, actions, view, file, controls=(), stage=(own,))
    wire(tab, exchange)
    return tab
