"""Every sentence of the page, in English and Chinese: one table, kept in one file a tab.

Keys start with "ge." because gradio's own sections ("image", "common", ...) would swallow plain ones.
"""

from ganedit.ui.strings import enhance, evaluate, generate, inpaint, models, page, painter, stylize, train

PARTS = (page, enhance, inpaint, painter, generate, stylize, train, evaluate, models)
STRINGS: dict[str, tuple[str, str]] = {key: texts for part in PARTS for key, texts in part.STRINGS.items()}
