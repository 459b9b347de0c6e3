"""What ``Harden`` enforces: the choices of whoever starts the app, and the numbers that follow from them."""

import os
from dataclasses import dataclass, field

from ganedit.errors import BadRequestError
from ganedit.ui.http.bodies import MIB
from ganedit.ui.http.hosts import Hosts

DEFAULT_PER_MINUTE = 300


def body_limit_bytes(*, public: bool) -> int:
    """Give the largest request body: small for strangers, room for a model file on one's own machine."""
    return 64 * MIB if public else 1024 * MIB


def _whole_number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if text and not text.isdecimal():
        raise BadRequestError(f"The environment variable {variable} must be a whole number, not {text!r}.")
    return int(text) if text else default


@dataclass(frozen=True)
class Rules:
    """What is let through.

    Attributes:
        public: strangers use the app: their uploads are limited in size, by the minute and in all.
        share: the app is behind a Gradio share link: one proxy, and the page's script comes from Gradio's host.
        hosts: names that are answered.
        addresses: files may be given as http addresses, which the server fetches.
        per_minute: requests that one client may start a minute, also the size of a burst; 0 does not limit.
        trusted_hops: proxies in front that write forwarded headers; a share link is one.
        min_free_bytes: free disk below which nothing more is stored.
        max_body_bytes: largest body of one request; None is ``body_limit_bytes``.

    Raises:
        BadRequestError: an environment variable, which the defaults are read from, is no whole number.
    """

    public: bool = True
    share: bool = False
    hosts: Hosts = field(default_factory=Hosts)
    addresses: bool = False
    per_minute: int = field(default_factory=lambda: _whole_number("GANEDIT_PER_MIN", DEFAULT_PER_MINUTE))
    trusted_hops: int = field(
        default_factory=lambda: _whole_number("GANEDIT_TRUSTED_HOPS", int("SPACE_ID" in os.environ))
    )
    min_free_bytes: int = 2048 * MIB
    max_body_bytes: int | None = None

    @property
    def hops(self) -> int:
        """Proxies whose forwarded headers are believed."""
        return max(self.trusted_hops, int(self.share))

    @property
    def body_bytes(self) -> int:
        """Largest body of one request."""
        return body_limit_bytes(public=self.public) if self.max_body_bytes is None else self.max_body_bytes
