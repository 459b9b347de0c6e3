"""Who comes next: gradio's queue with turns, a bounded number of places a visitor, and none for those who left.

Events run in *lanes*, gradio's concurrency ids. Edits and evaluations are heavy, and only so many of them may wait;
all others are light and are never refused for them.
"""

import asyncio
import ipaddress
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import gradio as gr
from fastapi import HTTPException, Request
from gradio.block_function import BlockFunction
from gradio.context import LocalContext
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, Queue
from gradio.route_utils import get_fn
from gradio.server_messages import EventMessage, ProcessCompletedMessage
from gradio.utils import error_payload, run_coro_in_background

from ganedit.ui.i18n import plain

HEAVY_LANES = ("gpu", "evaluate")
SESSION_PLACES, ADDRESS_PLACES, PLACES = 3, 8, 32
"""Heavy events that may wait: of one open page, of one address, of all together."""

UNHEARD_SECONDS = 10.0
"""After so long without a listener an event is given up; the next look may be a second later."""

_LOOK_SECONDS = 1.0
_NEVER = float("-inf")
_MAILBOX_SECONDS = 120.0  # a result may be fetched for so long


def use_fair_queue(page: gr.Blocks) -> gr.Blocks:
    """Give a finished page its queue."""
    # api_open=False: direct calls would skip the queue and its limits.
    page.queue(api_open=False)
    page._queue = FairQueue(page)
    return page


def is_wanted() -> Callable[[], bool]:
    """Give what tells whether the caller of the event that runs in this thread still waits for it."""
    page, event_id = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    events = page._queue.event_ids_to_events if page and hasattr(page, "_queue") else {}
    event = events.get(event_id or "")
    return lambda: event is None or (event.alive and event._id in events)


class _Mailbox(asyncio.Queue[EventMessage]):
    """What is to be told to one session, and when somebody last listened."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock, self._listeners, self._heard = clock, 0, _NEVER
        self.made = clock()

    async def get(self) -> EventMessage:
        self._listeners += 1
        try:
            return await super().get()
        finally:
            self._listeners -= 1
            self._heard = self._clock()

    @property
    def last_heard(self) -> float:
        """Time at which somebody listened; minus infinity if nobody ever did."""
        return self._clock() if self._listeners else self._heard


@dataclass(frozen=True)
class _Place:
    """Of one event: who it belongs to, in which round its turn comes, since when it is there."""

    address: str | None
    visitor: str
    turn: int
    since: float


class FairQueue(Queue):
    """Takes turns: everybody's first event, then everybody's second.

    A visitor is an address. Behind an unknown proxy all share one, so there each session is a visitor. The number of a
    turn is fixed when an event comes in, so that nobody can be overtaken for ever by new visitors.
    """

    def __init__(self, page: gr.Blocks, clock: Callable[[], float] = time.monotonic) -> None:
        """Queue the events of a page; ``clock`` gives seconds and is replaced in tests."""
        super().__init__(
            live_updates=True,
            concurrency_count=page.max_threads,
            update_intervals=1,
            max_size=None,
            blocks=page,
            default_concurrency_limit=2,
        )
        self._clock = clock
        self._places: dict[str, _Place] = {}
        self._turns: defaultdict[str, int] = defaultdict(int)  # the last that began, by lane
        self._entrance = asyncio.Lock()

    def start(self) -> None:
        """Begin to work, and to look for events that nobody listens to."""
        super().start()
        run_coro_in_background(self._look_again_and_again)

    async def push(self, body: PredictBodyInternal, request: Request, username: str | None) -> Any:
        """Take an event in, or refuse it with one sentence.

        Raises:
            HTTPException: 429 where the visitor has taken all places that one may have, 503 where all are taken.
        """
        if body.fn_index is None:
            return await super().push(body, request, username)
        fn = get_fn(self.blocks, None, body)
        session = body.session_hash = body.session_hash or uuid.uuid4().hex
        address = address_of(request)
        async with self._entrance:
            if fn.concurrency_id in HEAVY_LANES:
                self._check_places(session, address, request)
            if session not in self.pending_messages_per_session:
                self.pending_messages_per_session[session] = _Mailbox(self._clock)
            answer = await super().push(body, request, username)
            self._line_up(str(answer[1]), fn, address)
        return answer

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """Give what runs next, and note whose turn it is."""
        found = super().get_events()
        if found and (place := self._places.get(found[0][0]._id)):
            self._turns[found[2]] = max(self._turns[found[2]], place.turn)
        return found

    async def look(self) -> None:
        """Give back the places of events, waiting or running, that nobody has listened to for a while.

        Mailboxes that nobody opens go too: gradio keeps 2,000 and would throw away those of others.
        """
        running = [event for job in self.active_jobs for event in job or ()]
        waiting = [event for lane in self.event_queue_per_concurrency_id.values() for event in lane.queue]
        for event in (*waiting, *running):
            if self._clock() - max(self._last_heard(event), self._places[event._id].since) > UNHEARD_SECONDS:
                await self._give_up(event)
        there = {event._id: event.session_hash for event in (*waiting, *running)}
        self._places = {event_id: place for event_id, place in self._places.items() if event_id in there}
        for session, mailbox in [*self.pending_messages_per_session.items()]:
            known = max(mailbox.last_heard, mailbox.made) if isinstance(mailbox, _Mailbox) else _NEVER
            if session not in there.values() and self._clock() - known > _MAILBOX_SECONDS:
                del self.pending_messages_per_session[session]
                self.pending_event_ids_session.pop(session, None)

    async def _look_again_and_again(self) -> None:
        while not self.stopped:
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(KeyError):  # an event that has just ended
                await self.look()

    def _check_places(self, session: str, address: str | None, request: Request) -> None:
        waiting = [*self._heavy()]
        own = [event for event in waiting if event.session_hash == session]
        near = [event for event in waiting if address and self._places[event._id].address == address]
        if len(own) >= SESSION_PLACES or len(near) >= ADDRESS_PLACES:
            raise _refusal(429, "ge.queue.enough", request, count=len(own) if len(own) >= SESSION_PLACES else len(near))
        if len(waiting) < PLACES:
            return
        unheard = [event for event in waiting if self._last_heard(event) == _NEVER]
        if not unheard:
            raise _refusal(503, "ge.queue.full", request, count=PLACES)
        self._remove(min(unheard, key=lambda event: self._places[event._id].since))

    def _line_up(self, event_id: str, fn: BlockFunction, address: str | None) -> None:
        """Put an event that was just taken in at its place among those of its lane."""
        event = self.event_ids_to_events.get(event_id)
        if event is None:
            return
        lane, visitor = self.event_queue_per_concurrency_id[event.concurrency_id], address or event.session_hash
        before = (self._places[each._id] for each in lane.queue if each is not event)
        own = [place.turn for place in before if place.visitor == visitor]
        turn = max([self._turns[event.concurrency_id], *own]) + 1
        self._places[event_id] = _Place(address, visitor, turn, self._clock())
        lane.queue.sort(key=lambda each: self._places[each._id].turn)  # stable: the first comer stays first

    def _heavy(self) -> Iterator[Event]:
        for lane in HEAVY_LANES:
            if lane in self.event_queue_per_concurrency_id:
                yield from self.event_queue_per_concurrency_id[lane].queue

    def _last_heard(self, event: Event) -> float:
        mailbox = self.pending_messages_per_session.get(event.session_hash)
        return mailbox.last_heard if isinstance(mailbox, _Mailbox) else _NEVER

    async def _give_up(self, event: Event) -> None:
        if event in self.event_queue_per_concurrency_id[event.concurrency_id].queue:
            self._remove(event)
        else:
            await self.clean_events(event_id=event._id)

    def _remove(self, event: Event) -> None:
        """Take a waiting event away; who listens after all is told."""
        self.event_queue_per_concurrency_id[event.concurrency_id].queue.remove(event)
        self.event_ids_to_events.pop(event._id, None)
        told = error_payload(gr.Error(plain("ge.queue.unheard", None), print_exception=False), show_error=False)
        self.send_message(event, ProcessCompletedMessage(output=told, success=False))


def _refusal(status: int, key: str, request: Request, **values: Any) -> HTTPException:
    return HTTPException(status, plain(key, gr.Request(request), **values))


def address_of(request: Request | gr.Request) -> str | None:
    """Give the address that an event comes from; None where it may be that of many.

    What comes from this machine itself comes from its owner or from a proxy that does not say whom it serves.
    """
    host = request.client.host if request.client else ""
    try:
        network = ipaddress.ip_network(host, strict=False)
    except ValueError:
        return None
    return None if network.is_loopback else host
