"""Connections on which nothing is asked: each is a file of this process, and there are only so many of those."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 30.0
"""How long the head of a request may take, however slowly it goes on."""


class PatientProtocol(H11Protocol):
    """Uvicorn's connection, closed when no whole head of a request comes in time; uvicorn waits for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head(None)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        answered = self.cycle
        super().on_response_complete()
        self._wait_for_head(answered)

    def _wait_for_head(self, before: Any) -> None:
        self.loop.call_later(HEAD_SECONDS, self._close_without_head, before)

    def _close_without_head(self, before: Any) -> None:
        # A web socket has taken the transport over.
        if self.cycle is before and self.transport.get_protocol() is self:
            self.transport.close()
