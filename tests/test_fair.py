"""The queue: turns, places, and what is done with those who do not listen. Jobs are faked, and so is the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr
import pytest
from fastapi import HTTPException, Request
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event
from gradio.server_messages import ProcessCompletedMessage

from ganedit.engine import Engine
from ganedit.ui import UiSettings, build_ui
from ganedit.ui.fair import ADDRESS_PLACES, PLACES, SESSION_PLACES, UNHEARD_SECONDS, FairQueue

HEAVY, LIGHT = 0, 1


class Street:
    """People before a queue whose clock and jobs are moved by hand."""

    def __init__(self) -> None:
        with gr.Blocks() as page:
            heavy, light = gr.Button(), gr.Button()
            heavy.click(lambda: None, concurrency_id="gpu", concurrency_limit=1)
            light.click(lambda: None, concurrency_limit=None)
        self.now = 0.0
        self.queue = FairQueue(page, lambda: self.now)
        self.queue.active_jobs = [None] * 8
        self.listening: list[asyncio.Task] = []

    async def join(self, session: str | None, address: str = "127.0.0.1", fn: int = HEAVY) -> str:
        """Join, and give the id of the event."""
        request = Request({"type": "http", "client": (address, 1), "headers": []})
        body = PredictBodyInternal(session_hash=session, fn_index=fn, data=[], request=request)
        accepted, event_id, _ = await self.queue.push(body, request, None)
        assert accepted
        return event_id

    async def listen(self, session: str) -> None:
        """Listen for as long as the test runs, as the stream of an open page does."""

        async def forever() -> None:
            while True:
                await self.queue.pending_messages_per_session[session].get()

        self.listening.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    async def refused(self, session: str, address: str = "127.0.0.1") -> int:
        """Join and be refused; gives the status."""
        with pytest.raises(HTTPException) as caught:
            await self.join(session, address)
        assert "wait" in caught.value.detail or "full" in caught.value.detail
        return caught.value.status_code

    def run(self) -> Event | None:
        """Begin the next event and end it at once."""
        found = self.queue.get_events()
        return found[0][0] if found else None

    def waiting(self) -> list[str]:
        return [event.session_hash for event in self.queue.event_queue_per_concurrency_id["gpu"].queue]

    async def after(self, seconds: float) -> None:
        self.now += seconds
        await self.queue.look()


def walk(scene: Callable[[Street], Awaitable[Any]]) -> None:
    async def begin() -> None:
        street = Street()
        await scene(street)
        for task in street.listening:
            task.cancel()

    asyncio.run(begin())


def test_a_session_has_three_waiting_places_and_an_address_eight() -> None:
    async def scene(street: Street) -> None:
        for _ in range(SESSION_PLACES):
            await street.join("a", "192.0.2.1")
        assert await street.refused("a", "192.0.2.1") == 429
        for number in range(ADDRESS_PLACES - SESSION_PLACES):
            await street.join(f"invented {number}", "192.0.2.1")
        assert await street.refused("one more", "192.0.2.1") == 429
        await street.join("somebody else", "192.0.2.2")
        street.run()
        await street.join("one more", "192.0.2.1")

    walk(scene)


def test_a_flood_that_does_not_listen_takes_no_place_from_anybody() -> None:
    async def scene(street: Street) -> None:
        for number in range(36):
            await street.join(f"flood {number}")
        await street.join("honest")
        await street.listen("honest")
        for number in range(36):
            await street.join(f"second flood {number}")
        assert "honest" in street.waiting() and len(street.waiting()) == PLACES
        await street.after(UNHEARD_SECONDS + 1)
        assert street.waiting() == ["honest"]

    walk(scene)


def test_a_full_queue_of_listeners_refuses_with_a_sentence_and_never_a_light_event() -> None:
    async def scene(street: Street) -> None:
        for number in range(PLACES):
            await street.join(f"visitor {number}")
            await street.listen(f"visitor {number}")
        assert await street.refused("late") == 503
        for _ in range(40):
            await street.join("late", fn=LIGHT)
        street.queue.event_queue_per_concurrency_id["gpu"].current_concurrency = 1  # one runs
        assert {event.fn._id for event in (street.run() for _ in range(40)) if event} == {LIGHT}

    walk(scene)


def test_a_place_without_a_listener_is_given_back_in_time_and_who_comes_back_is_told() -> None:
    async def scene(street: Street) -> None:
        event_id = await street.join("left")
        await street.after(UNHEARD_SECONDS - 1)
        assert street.waiting() == ["left"]
        await street.after(2)
        assert street.waiting() == [] and UNHEARD_SECONDS + 1 <= 15
        messages = street.queue.pending_messages_per_session["left"]
        told = [await messages.get() for _ in range(messages.qsize())][-1]
        assert isinstance(told, ProcessCompletedMessage) and told.event_id == event_id and not told.success
        assert "Nobody was listening" in str(told.output["error"])

    walk(scene)


def test_who_listens_keeps_the_place_for_as_long_as_it_takes() -> None:
    async def scene(street: Street) -> None:
        await street.join("patient")
        await street.listen("patient")
        await street.after(10_000)
        assert street.waiting() == ["patient"]
        street.listening[0].cancel()
        await asyncio.sleep(0)
        await street.after(UNHEARD_SECONDS + 1)
        assert street.waiting() == []

    walk(scene)


def test_a_running_event_that_nobody_listens_to_is_ended() -> None:
    async def scene(street: Street) -> None:
        await street.join("left")
        event = street.run()
        assert event
        street.queue.active_jobs[0] = [event]
        await street.after(UNHEARD_SECONDS + 1)
        assert not event.alive

    walk(scene)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "forwarded"])
def test_twenty_visitors_behind_one_proxy_take_turns_with_one_who_wants_more(address: str) -> None:
    async def scene(street: Street) -> None:
        for _ in range(SESSION_PLACES):
            await street.join("greedy", address)
        await street.listen("greedy")
        for number in range(20):
            await street.join(f"visitor {number}", address)
            await street.listen(f"visitor {number}")
        served = []
        while event := street.run():
            served.append(event.session_hash)
        waits = sorted(served.index(f"visitor {number}") for number in range(20))
        assert waits[-1] <= 2 * waits[10]
        assert served[0] == "greedy" and served[-2:] == ["greedy", "greedy"]

    walk(scene)


def test_new_visitors_never_overtake_for_ever() -> None:
    async def scene(street: Street) -> None:
        for _ in range(2):
            await street.join("honest", "192.0.2.1")
        served = []
        for number in range(6):
            await street.join(f"invented {number}")
            event = street.run()
            served.append(event and event.session_hash)
        assert served.index("honest") == 0 and "honest" in served[1:3]

    walk(scene)


def test_sessions_of_one_known_address_share_its_turns() -> None:
    async def scene(street: Street) -> None:
        for number in range(4):
            await street.join(f"invented {number}", "192.0.2.1")
        await street.join("honest", "192.0.2.2")
        assert [event.session_hash for event in (street.run(), street.run()) if event] == ["invented 0", "honest"]

    walk(scene)


def test_mailboxes_of_a_flood_do_not_push_out_those_of_others() -> None:
    async def scene(street: Street) -> None:
        await street.join("honest", fn=LIGHT)
        await street.listen("honest")
        for number in range(200):
            await street.join(f"flood {number}", fn=LIGHT)
            street.run()
        while street.run():
            pass
        await street.after(1000)
        assert [*street.queue.pending_messages_per_session] == ["honest"]

    walk(scene)


def test_the_page_has_this_queue_and_its_lists_and_uploads_are_light() -> None:
    page = build_ui(Engine(), UiSettings(public=True))
    assert isinstance(page._queue, FairQueue)
    lanes = {fn.api_name: fn.concurrency_id for fn in page.fns.values()}
    assert lanes["enhance"] == lanes["generate"] == "gpu"
    assert lanes["models"] not in ("gpu", "evaluate")
