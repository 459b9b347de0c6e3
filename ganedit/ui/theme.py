"""How the page looks: one accent (violet), one neutral (zinc), the fonts of the reader's own machine."""

from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes import Base
from gradio.themes.utils import colors, sizes

_FONT = (
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "WenQuanYi Zen Hei",
    "sans-serif",
)
_MONO = ("ui-monospace", "SF Mono", "Cascadia Mono", "Menlo", "Consolas", "monospace")
_STYLE_SHEETS = ("page.css", "models.css", "painter.css", "train.css", "evaluate.css")
_SCRIPTS = ("page.js",)
_GRADIENT = "linear-gradient(100deg, #7c3aed, #a21caf)"
_GRADIENT_HOVER = "linear-gradient(100deg, #6d28d9, #86198f)"


class GaneditTheme(Base):
    """The theme of the page; every color has its own value for the dark mode."""

    def __init__(self) -> None:
        """Set hues, sizes and fonts, then what differs from gradio's plain theme."""
        super().__init__(
            primary_hue=colors.violet,
            secondary_hue=colors.violet,
            neutral_hue=colors.zinc,
            radius_size=sizes.radius_lg,
            spacing_size=sizes.spacing_md,
            text_size=sizes.text_md,
            font=list(_FONT),
            font_mono=list(_MONO),
        )
        self._set_surfaces()
        self._set_fields()
        self._set_buttons()

    def _set_surfaces(self) -> None:
        self.set(
            body_background_fill="#f7f7f9",
            body_background_fill_dark="#121215",
            body_text_color="#1d1d22",
            body_text_color_dark="#ececf1",
            body_text_color_subdued="#63636e",
            body_text_color_subdued_dark="#a1a1ad",
            background_fill_primary="#ffffff",
            background_fill_primary_dark="#1b1b20",
            background_fill_secondary="#f7f7f9",
            background_fill_secondary_dark="#17171b",
            border_color_primary="#e4e4ea",
            border_color_primary_dark="#2d2d34",
            block_background_fill="#ffffff",
            block_background_fill_dark="#1b1b20",
            block_border_width="1px",
            block_border_width_dark="1px",
            block_shadow="0 1px 2px rgb(20 20 40 / 4%)",
            block_shadow_dark="none",
            block_label_background_fill="transparent",
            block_label_background_fill_dark="transparent",
            block_label_border_width="0px",
            block_label_border_width_dark="0px",
            block_title_text_color="#3d3d47",
            block_title_text_color_dark="#d3d3dc",
            block_title_text_weight="550",
            block_info_text_color="#63636e",
            block_info_text_color_dark="#a1a1ad",
            link_text_color="#6d28d9",
            link_text_color_dark="#b9a3ff",
        )

    def _set_fields(self) -> None:
        self.set(
            input_background_fill="#ffffff",
            input_background_fill_dark="#232329",
            input_border_color="#d9d9e1",
            input_border_color_dark="#3a3a43",
            input_border_color_focus="#8b5cf6",
            input_border_color_focus_dark="#8b5cf6",
            input_shadow="none",
            input_shadow_focus="0 0 0 3px rgb(139 92 246 / 18%)",
            input_shadow_focus_dark="0 0 0 3px rgb(139 92 246 / 28%)",
            slider_color="#7c3aed",
            slider_color_dark="#9b7bff",
            checkbox_background_color_selected="#7c3aed",
            checkbox_background_color_selected_dark="#8b5cf6",
            checkbox_border_color_selected="#7c3aed",
            checkbox_border_color_selected_dark="#8b5cf6",
            checkbox_label_background_fill="#ffffff",
            checkbox_label_background_fill_dark="#232329",
            checkbox_label_background_fill_selected="#f1ecff",
            checkbox_label_background_fill_selected_dark="#34276a",
            checkbox_label_border_color_selected="#8b5cf6",
            checkbox_label_border_color_selected_dark="#8b5cf6",
            checkbox_label_text_color_selected="#4c1d95",
            checkbox_label_text_color_selected_dark="#efe9ff",
        )

    def _set_buttons(self) -> None:
        self.set(
            button_primary_background_fill=_GRADIENT,
            button_primary_background_fill_dark=_GRADIENT,
            button_primary_background_fill_hover=_GRADIENT_HOVER,
            button_primary_background_fill_hover_dark=_GRADIENT_HOVER,
            button_primary_border_color="transparent",
            button_primary_border_color_dark="transparent",
            button_primary_text_color="#ffffff",
            button_primary_text_color_dark="#ffffff",
            button_secondary_background_fill="#ffffff",
            button_secondary_background_fill_dark="#26262c",
            button_secondary_background_fill_hover="#f3f0fc",
            button_secondary_background_fill_hover_dark="#32323a",
            button_secondary_border_color="#d9d9e1",
            button_secondary_border_color_dark="#3a3a43",
            button_secondary_text_color="#1d1d22",
            button_secondary_text_color_dark="#ececf1",
            button_large_text_weight="600",
            button_border_width="1px",
            button_border_width_dark="1px",
        )


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def mark() -> str:
    """Give the logo as SVG, the same that the browser shows as the page's icon."""
    return _asset("favicon.svg")


def style_sheet() -> str:
    """Give the page's own rules: layout, header, progress bar, language switch."""
    return "".join(map(_asset, _STYLE_SHEETS))


def head() -> str:
    """Give what goes into the page's head: the script for keys, theme, language, paste and drop."""
    return "".join(f"<script>{_asset(name)}</script>" for name in _SCRIPTS)


def page_html(value: str | None = None, **options: Any) -> gr.HTML:
    """Give HTML without gradio's own text styles, which would win over the page's."""
    return gr.HTML(value, apply_default_css=False, **options)
