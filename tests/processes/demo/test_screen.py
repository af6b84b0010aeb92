"""The picture fits a small terminal, and Arabic cannot push a column out of its place."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from octonext.processes.demo.lines import news_lines, status_line
from octonext.processes.demo.picture import BranchView, News, Picture, Reported, ShardView, TillState
from octonext.processes.demo.screen import Symbols, draw

BRANCHES = (
    ("KWC", "Kuwait City", "مدينة الكويت", "kw-1", "KWD"),
    ("HAW", "Hawalli", "حولي", "kw-1", "KWD"),
    ("SAL", "Salmiya", "السالمية", "kw-1", "KWD"),
    ("OLA", "Olaya", "الرياض العليا", "sa-1", "SAR"),
    ("MAL", "Malaz", "الرياض الملز", "sa-1", "SAR"),
    ("NAK", "Nakheel with a very long name", "الرياض النخيل", "sa-1", "SAR"),
)
STATES: tuple[TillState, ...] = ("online", "waiting", "cut", "online")


def picture(**changes: object) -> Picture:
    values: dict[str, object] = {
        "elapsed_s": 61.0,
        "duration_s": 66.0,
        "now": "Shard sa-1 is frozen: Riyadh sells offline, Kuwait carries on. " * 3,
        "news": tuple(
            News(float(n), f"Something happened, number {n}, " + "and more " * 20) for n in range(40)
        ),
        "branches": tuple(
            BranchView(*names, STATES, 12_345, 99_999, 123.4, Reported(99_999, 9_999, 123_456_789))
            for names in BRANCHES
        ),
        "shards": (
            ShardView("kw-1", "Kuwait", False, "closed", 0.012, 0.04, (0.01,) * 60, 99.0, 1, 0.5, 0.9),
            ShardView("sa-1", "Riyadh", True, "half_open", None, None, (None,) * 60, 0.0, 9_999, 12.5, 20.0),
        ),
    }
    return Picture(**(values | changes))  # type: ignore[arg-type]


def drawn(shown: Picture, width: int, height: int, encoding: str = "utf-8") -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(draw(shown, width, height, Symbols(encoding)))
    return capture.get().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 50), (100, 30), (130, 40), (200, 60)])
def test_everything_fits_the_terminal(width: int, height: int) -> None:
    lines = drawn(picture(), width, height)
    assert len(lines) == height
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize("height", [24, 40])
def test_everything_fits_with_little_to_say_too(height: int) -> None:
    assert len(drawn(picture(now="", news=(), branches=(), shards=()), 80, height)) <= height
    assert len(drawn(picture(now="short", trouble="relay backing off"), 80, height)) == height


def test_eighty_columns_show_every_figure_whole() -> None:
    text = "\n".join(drawn(picture(), 80, 24))
    assert "123,456.789 KWD" in text
    assert "1,234,567.89 SAR" in text
    assert "half open" in text
    assert "●◐○●" in text
    assert "Ctrl-C ends" in text


def test_arabic_names_stand_last_in_their_lines_or_not_at_all() -> None:
    wide = drawn(picture(), 130, 40)
    for _, name_en, name_ar, _, _ in BRANCHES[:5]:
        (line,) = [line for line in wide if name_ar in line]
        assert line.startswith(name_en)
        assert line.rstrip().endswith(name_ar)
    narrow = "\n".join(drawn(picture(), 80, 24))
    assert not any(name_ar in narrow for _, _, name_ar, _, _ in BRANCHES)


def test_a_terminal_without_unicode_is_given_plain_letters() -> None:
    assert "\n".join(drawn(picture(), 100, 30, "ascii")).replace("…", "").isascii()


def test_trouble_is_told_beside_what_is_going_on() -> None:
    lines = drawn(picture(trouble="gateway-0 backing off"), 80, 24)
    assert lines[1].startswith("Shard sa-1 is frozen")
    assert lines[2].strip() == "gateway-0 backing off"


def test_one_line_says_what_the_screen_says() -> None:
    line = status_line(picture(trouble="relay starting"))
    assert "12/24 tills online" in line
    assert "sa-1 frozen, breaker half open, acks -/-" in line
    assert "kw-1 acks 12 ms/40 ms, in reports after 500 ms" in line
    assert "370,370.367 KWD, 3,703,703.67 SAR" in line
    assert line.endswith("relay starting")
    assert "\n" not in line


def test_news_carry_their_time() -> None:
    assert news_lines([News(66.2, "The shops close.")]) == [" 1:06  The shops close."]
