"""The headers that every response carries: they keep the page to itself."""

import os
import re

from starlette.datastructures import MutableHeaders

_SHARE_HOST = "https://gradio.s3-us-west-2.amazonaws.com"
_SPACES_FRAMES = "https://huggingface.co https://*.hf.space"
_SERVED_FILE = re.compile(r"/gradio_api/file=")


def label(headers: MutableHeaders, path: str, page_policy: str) -> None:
    """Add the security headers to one response."""
    # A file of a user is shown as a picture or saved, never run as a page.
    headers["Content-Security-Policy"] = "default-src 'none'; sandbox" if _SERVED_FILE.match(path) else page_policy
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"


def content_security_policy(*, share: bool = False) -> str:
    """Give the page's policy: this server only. Gradio does not render without inline scripts and ``eval``."""
    shared = f" {_SHARE_HOST}" if share else ""
    frames = f" {_SPACES_FRAMES}" if os.environ.get("SPACE_ID") else ""
    return "; ".join(
        (
            f"default-src 'self'{shared}",
            f"script-src 'self' 'unsafe-inline' 'unsafe-eval'{shared}",
            f"style-src 'self' 'unsafe-inline'{shared}",
            "img-src 'self' data: blob:",
            f"font-src 'self' data:{shared}",
            f"connect-src 'self' data: blob:{shared}",
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors 'self'{frames}",
        )
    )
