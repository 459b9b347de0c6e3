"""Bodies on their way in: how large, how slow, and how many bytes of them at once, a minute and in all."""

import asyncio
import contextlib
import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable

from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse
from starlette.types import Message, Receive

from ganedit.ui.http.buckets import TokenBuckets

MIB = 1024**2
PATIENCE_SECONDS = 30.0
"""How long a body may stand still."""

DRAIN_SECONDS = 10.0
"""How long the rest of a refused body is read for nothing: its sender sees no answer before it has sent all."""

LEAST_BYTES_PER_SECOND = 8 * 1024
"""How fast a body must go on: slower than any phone, faster than whoever only holds the place."""

LEAST_FILE_BYTES = 64 * 1024
"""What a file counts at least: many small ones fill a disk too."""

_STORED_SECONDS = 70 * 60  # gradio removes an upload that is an hour old, and looks every ten minutes
_MEMORY_BYTES = 256 * 1024


class Quota:
    """What bodies may take together."""

    def __init__(
        self,
        on_the_way: int = 512 * MIB,
        a_minute: int = 256 * MIB,
        an_hour: int = 1024 * MIB,
        stored: int = 4096 * MIB,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing taken.

        Args:
            on_the_way: bytes of all bodies that have begun to arrive and are not yet answered; one client may
                announce half of them.
            a_minute: bytes of one client in a minute.
            an_hour: bytes of one client in the time that they lie on the disk.
            stored: bytes of all clients in the time that they lie on the disk.
            clock: gives seconds; replaced in tests.
        """
        self._limit = on_the_way
        self._on_the_way = 0
        self._announced: Counter[str] = Counter()
        self._minute = TokenBuckets(a_minute, clock=clock)
        self._hour = TokenBuckets(an_hour, _STORED_SECONDS, clock)
        self._stored = TokenBuckets(stored, _STORED_SECONDS, clock)

    def objection(self, client: str, size: int) -> JSONResponse | None:
        """Say why ``size`` more bytes of a client are not taken, if so."""
        if self._on_the_way + size > self._limit:
            return _too_many()
        wait_seconds = max(self._minute.wait_seconds(client, size), self._hour.wait_seconds(client, size))
        if wait_seconds:
            return refusal(429, f"You have uploaded too much; try again in {span(wait_seconds)}.", wait_seconds)
        wait_seconds = self._stored.wait_seconds("", size)
        if wait_seconds:
            sentence = f"The server holds as many uploads as it may; try again in {span(wait_seconds)}."
            return refusal(507, sentence, wait_seconds)
        return None

    def announce(self, client: str, size: int) -> JSONResponse | None:
        """Let a client begin a body of ``size`` bytes; give the answer if it has begun too many, or may send no more.

        What is only announced counts for its client alone: others would have to give way to nothing at all.
        """
        if self._announced[client] + size > self._limit // 2:
            return _too_many()
        objection = self.objection(client, size)
        if objection is None:
            self._announced[client] += size
        return objection

    def charge(self, client: str, size: int) -> JSONResponse | None:
        """Count bytes of a client; give the answer instead if it may not send them."""
        objection = self.objection(client, size)
        if objection is None:
            self._minute.take(client, size)
            self._hour.take(client, size)
            self._stored.take("", size)
        return objection

    def arrive(self, size: int) -> None:
        """Say that bytes have begun to wait for their answer."""
        self._on_the_way += size

    def done(self, client: str, announced: int, arrived: int) -> None:
        """Say that a request is answered."""
        self._on_the_way -= arrived
        self._announced[client] -= announced
        if not self._announced[client]:
            del self._announced[client]


class CutBodyError(MultiPartException):
    """Ends the app's reading of a body; at one of this kind gradio removes the files that it has begun."""


class Body:
    """One request's body while it arrives.

    Attributes:
        is_cut: it was not let in to its end.
        answer: what the sender is told then; None if it left.
    """

    def __init__(
        self,
        receive: Receive,
        client: str,
        limit_bytes: int,
        quota: Quota | None,
        clock: Callable[[], float] = time.monotonic,
        boundary: bytes = b"",
    ) -> None:
        """Begin.

        Args:
            receive: gives the body.
            client: key of the sender.
            limit_bytes: of this body.
            quota: of all bodies; None does not limit.
            clock: gives seconds; replaced in tests.
            boundary: what stands before each file of a form; empty if the body is none.
        """
        self._receive = receive
        self._client = client
        self._limit_bytes = limit_bytes
        self._quota = quota
        self._clock = clock
        self._boundary = boundary
        self._tail = b""
        self._announced_bytes = 0
        self._taken_bytes = 0
        self._patience_seconds = PATIENCE_SECONDS
        self._complete = False
        self.is_cut = False
        self.answer: JSONResponse | None = None

    def announce(self, size: int) -> JSONResponse | None:
        """Let the body begin that is said to have ``size`` bytes; give the answer if it may not."""
        if size > self._limit_bytes:
            return too_large(self._limit_bytes)
        objection = self._quota.announce(self._client, size) if self._quota else None
        self._announced_bytes = 0 if objection else size
        return objection

    async def receive(self) -> Message:
        """Give the next part, as ASGI's ``receive``.

        Raises:
            CutBodyError: the body is too large, too slow or one too many, or its sender left.
        """
        if self._complete:
            return await self._receive()
        started = self._clock()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience_seconds)
        except TimeoutError:
            raise self._cut(refusal(408, "The upload came too slowly; try again over a better connection.")) from None
        if message["type"] != "http.request":
            raise self._cut(None)
        part = message.get("body", b"")
        size = len(part)
        self._complete = not message.get("more_body", False)
        # Only what the sender makes us wait counts, not what the app takes to write it down.
        gained_seconds = size / LEAST_BYTES_PER_SECOND - (self._clock() - started)
        self._patience_seconds = min(PATIENCE_SECONDS, self._patience_seconds + gained_seconds)
        self._take(size)
        self.count_files(self._files_in(part))
        return message

    async def read(self) -> bytes:
        """Give the whole body; while it arrives it lies on the disk.

        Raises:
            CutBodyError: see ``receive``.
        """
        with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as spool:
            while not self._complete:
                spool.write((await self.receive()).get("body", b""))
            spool.seek(0)
            return spool.read()

    def count_files(self, count: int) -> None:
        """Count files that came with the body, beside their bytes.

        Raises:
            CutBodyError: there are too many.
        """
        if count:
            self._charge(count * LEAST_FILE_BYTES)

    def end(self) -> None:
        """Say that the request is answered; once more does no harm."""
        if self._quota is not None:
            self._quota.done(self._client, self._announced_bytes, self._taken_bytes)
            self._announced_bytes = self._taken_bytes = 0

    async def drain(self) -> None:
        """Read what is still to come for nothing, within limits, so that the sender gets to its answer."""
        left_bytes = self._limit_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._complete and left_bytes > 0:
                    message = await self._receive()
                    left_bytes -= len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)

    def _take(self, size: int) -> None:
        if self._taken_bytes + size > self._limit_bytes:
            raise self._cut(too_large(self._limit_bytes))
        self._charge(size)
        self._taken_bytes += size
        if self._quota is not None:
            self._quota.arrive(size)

    def _charge(self, size: int) -> None:
        objection = self._quota.charge(self._client, size) if self._quota else None
        if objection is not None:
            raise self._cut(objection)

    def _files_in(self, part: bytes) -> int:
        """Count the beginnings of files in a part of the body, also one across two parts."""
        if not self._boundary:
            return 0
        seen = self._tail + part
        self._tail = seen[-(len(self._boundary) - 1) :]
        return seen.count(self._boundary)

    def _cut(self, answer: JSONResponse | None) -> CutBodyError:
        self.is_cut, self.answer = True, answer
        return CutBodyError("The body was cut.")


def too_large(limit_bytes: int) -> JSONResponse:
    """Refuse a body over the limit."""
    return refusal(413, f"The upload is larger than {limit_bytes // MIB} MB; send a smaller file.")


def refusal(status: int, sentence: str, wait_seconds: float = 0.0) -> JSONResponse:
    """Refuse a request, and its connection: the rest of its body may still be on its way."""
    headers = {"Connection": "close"} | ({"Retry-After": str(math.ceil(wait_seconds))} if wait_seconds else {})
    return JSONResponse({"detail": sentence}, status_code=status, headers=headers)


def _too_many() -> JSONResponse:
    return refusal(503, "Too many uploads are under way; try again in 10 seconds.", 10)


def span(seconds: float) -> str:
    """Give a time to wait in words."""
    if seconds > 90:
        return f"{math.ceil(seconds / 60)} minutes"
    return f"{math.ceil(seconds)} second{'' if seconds <= 1 else 's'}"
