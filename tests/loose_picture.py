"""A picture that is pasted, or dropped beside every drop zone."""

import base64
import io

from PIL import Image
from playwright.sync_api import Page


def let_go(page: Page, way: str) -> None:
    """Paste a picture, or drop it beside every drop zone."""
    data = io.BytesIO()
    Image.new("RGB", (32, 24), "teal").save(data, "PNG")
    page.evaluate(
        """([way, data]) => {
             const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0)), carrier = new DataTransfer();
             carrier.items.add(new File([bytes], "loose.png", {type: "image/png"}));
             const options = {bubbles: true, cancelable: true};
             document.querySelector("#ge-tabs").dispatchEvent(way === "paste"
               ? new ClipboardEvent("paste", {...options, clipboardData: carrier})
               : new DragEvent("drop", {...options, dataTransfer: carrier})); }""",
        [way, base64.b64encode(data.getvalue()).decode()],
    )
