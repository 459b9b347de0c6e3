"""A visitor of the page: a browser's page that remembers what went wrong in it."""

from typing import Any

from playwright.sync_api import Browser, ConsoleMessage


class Visit:
    """A page in a context of its own that remembers every error and every request to another host."""

    def __init__(self, browser: Browser, address: str, **settings: Any) -> None:
        self.context = browser.new_context(
            **({"viewport": {"width": 1360, "height": 900}, "locale": "en-US"} | settings)
        )
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.on("console", self._hear)
        self.page.on("request", lambda request: self._check(request.url, address))
        self.page.goto(address)
        self.page.wait_for_selector("#ge-tabs")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def _check(self, url: str, address: str) -> None:
        if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:")):
            self.faults.append(f"a request to another host: {url}")

    def end(self) -> None:
        """Close the page; anything that went wrong in it fails the test, but what its closing breaks off."""
        faults = [*self.faults]
        self.context.close()
        assert not faults, faults
