"""What every event of the page goes through: errors, limits, the way from one tab to another."""

import gradio as gr
import pytest

from ganedit.errors import BadRequestError
from ganedit.ui.exchange import Exchange, Target
from ganedit.ui.limits import check_duration
from ganedit.ui.toast import toasts


def test_our_errors_become_toasts_of_one_sentence_without_html() -> None:
    @toasts
    def event() -> None:
        raise BadRequestError("Too <b>large</b>.")

    with pytest.raises(gr.Error) as caught:
        event()
    assert caught.value.message == "Too &lt;b&gt;large&lt;/b&gt;."


def test_other_errors_are_logged_and_told_kindly(caplog: pytest.LogCaptureFixture) -> None:
    @toasts
    def event():
        yield 1
        raise RuntimeError("secret path")

    steps = event()
    assert next(steps) == 1
    with pytest.raises(gr.Error) as caught:
        next(steps)
    assert "secret" not in str(caught.value.message) and "secret path" in caplog.text


def test_closing_an_event_closes_what_it_runs() -> None:
    closed = []

    @toasts
    def event():
        try:
            yield 1
        finally:
            closed.append(True)

    steps = event()
    next(steps)
    steps.close()
    assert closed


def test_an_edit_that_cannot_end_in_time_is_refused() -> None:
    with pytest.raises(BadRequestError, match="20 minutes"):
        check_duration(1200, 600)
    check_duration(1200, None)
    check_duration(599, 600)


def test_send_to_draws_a_button_for_every_other_tab_and_none_for_its_own() -> None:
    exchange = Exchange()
    with gr.Blocks() as page:
        with gr.Tabs() as tabs:
            with gr.Tab("one", id="one"), gr.Row() as row:
                file = gr.DownloadButton()
            with gr.Tab("two", id="two"):
                taken = gr.Textbox()
        exchange.offer("one", row, file)
        for tab in ("one", "two"):
            exchange.accept(
                Target(f"ge.tab.{'enhance' if tab == 'one' else 'models'}", tab, lambda path, _: path, [], [taken])
            )
        exchange.connect(tabs)
    buttons = [block for block in page.blocks.values() if type(block) is gr.Button]
    assert len(buttons) == 1 and buttons[0].parent is row
