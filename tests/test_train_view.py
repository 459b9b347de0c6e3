"""What the Train tab draws of a run."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ganedit.ui.run import Run, RunState, Wish
from ganedit.ui.train_view import plots_html, runs_html, status_html


def run(state: RunState = "training", name: str = "quick-1", **changes: Any) -> Run:
    wish = Wish("quick.toml", "shapes", {"schedule.kimg": "10"})
    return Run(Path("runs") / name, wish, state, 0.0, **changes)


def tick(kimg: float, **changes: Any) -> dict[str, Any]:
    line = {"kimg": kimg, "loss_g": 1.0, "loss_d": 0.5, "real_sign": 0.5, "fake_sign": -0.5, "vendi": 0.8}
    return line | {"images_per_second": 40.0, "seconds_left": 90, "health": "ok", "verdict": "Healthy."} | changes


def text(page: str) -> str:
    """The English words of a page."""
    page = re.sub(r'<span lang="zh">.*?</span>', "", page)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_chosen_run_is_the_pressed_one_and_names_are_escaped() -> None:
    page = runs_html([run(name="a"), run("finished", name="<b>")], "a")
    assert page.count('aria-pressed="true"') == 1
    assert 'data-run="a" aria-pressed="true"' in page and "&lt;b&gt;" in page and "<b><b>" not in page


def test_a_run_says_how_far_it_is_how_fast_and_how_long_it_will_take() -> None:
    page = text(status_html(run(), [tick(2.5)]))
    for said in ("training", "2.5 of 10 kimg", "40 pictures/s", "about 1 min 30 s left", "Healthy."):
        assert said in page
    assert "width:25.0%" in status_html(run(), [tick(2.5)])


def test_a_sick_run_is_told_in_the_color_of_a_warning() -> None:
    sick = tick(2.5, health="ill", verdict="Modes are collapsing since kimg 1; raise loss.gamma to 2.")
    assert 'class="ge-verdict warn"' in status_html(run(), [sick])
    assert 'class="ge-verdict ok"' in status_html(run(), [tick(2.5)])


def test_a_failure_is_shown_with_its_sentence() -> None:
    page = status_html(run("failed", message="There is no <key>."), [])
    assert "There is no &lt;key&gt;." in page and "failed" in text(page)


def test_a_run_says_what_it_learns_from_and_which_files_were_left_out(tmp_path: Path) -> None:
    shown = run()
    folder = tmp_path / shown.name
    folder.mkdir()
    about = {"pictures": 1200, "classes": ["cat", "dog"], "license": "CC BY 4.0\nfor <all>", "notes": ["Small & few."]}
    (folder / "data.json").write_text(json.dumps(about | {"skipped": {"<x>.pdf": "No picture."}}))
    page = status_html(replace(shown, folder=folder), [tick(1)])
    for said in ("1,200 pictures", "2 classes", "CC BY 4.0", "Small &amp; few.", "Files left out: 1"):
        assert said in text(page)
    assert "&lt;x&gt;.pdf" in page and "for &lt;all&gt;" not in page


def test_nothing_yet_invites() -> None:
    assert "No run yet" in status_html(None, [])
    assert plots_html([]) == plots_html([tick(1)]) == ""


def test_curves_go_where_the_numbers_are() -> None:
    page = plots_html([tick(0, real_sign=-1.0), tick(5, real_sign=0.0), tick(10, real_sign=1.0)])
    assert page.count("<figure>") == 3
    assert 'points="0.0,150.0 300.0,75.0 600.0,0.0"' in page


def test_a_number_that_is_missing_leaves_a_gap_not_an_error() -> None:
    page = plots_html([tick(1, vendi=None), tick(2, vendi=None)])
    assert page.count("<figure>") == 2


def test_one_wild_loss_does_not_flatten_the_others() -> None:
    page = plots_html([tick(i, loss_g=1e6 if i == 30 else 1.0) for i in range(1, 101)])
    assert "1e+06" not in page


@pytest.mark.parametrize("state", ["waiting", "training", "stopping", "stopped", "finished", "failed"])
def test_every_state_has_a_word_in_both_languages(state: RunState) -> None:
    page = status_html(run(state), [])
    assert 'lang="en"' in page and 'lang="zh"' in page
