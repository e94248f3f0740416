"""The one progress bar: what it draws on a terminal, and what it tells a log."""

from __future__ import annotations

import io

from rich.console import Console

from sfcrime.cli.progress_bar import ProgressBar


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, markup=False)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_pace_leaves_out_what_came_before_the_step_moved() -> None:
    clock = Clock()
    bar = ProgressBar(console(terminal=False), clock)
    told = []
    for now_s, done in ((5.0, 1_000), (12.0, 1_000), (14.0, 2_000), (18.0, 4_000), (22.0, 6_000)):
        clock.now_s = now_s
        bar.show("counting", done, 10_000)
        told.append(bar.pace())

    assert told == ["", "", "", "500/s, 0:12 left", "500/s, 0:08 left"]


def test_a_step_has_a_pace_of_its_own() -> None:
    clock = Clock()
    bar = ProgressBar(console(terminal=False), clock)
    for now_s, step, done in ((0.0, "reading", 0), (1.0, "reading", 9), (2.0, "reading", 18)):
        clock.now_s = now_s
        bar.show(step, done, 18)
    bar.show("publishing", 0, 1_000)

    assert bar.pace() == ""


def test_a_log_is_told_lines_and_no_bar() -> None:
    log = console(terminal=False)

    with ProgressBar(log) as bar:
        bar.show("counting", 1, 2)
        bar.tell("counted [/b]\x1b[2J")

    assert not bar.is_drawn
    assert printed(log) == "counted [/b]\\x1b[2J\n"


def test_a_terminal_shows_step_amount_and_time_and_reads_nothing_as_markup() -> None:
    terminal = console(terminal=True)

    with ProgressBar(terminal) as bar:
        bar.show("reading [/b]", 1, 2, "1 of 2 MB [/i]")

    assert bar.is_drawn
    for text in ("reading [/b]", "1 of 2 MB [/i]", "0:00"):
        assert text in printed(terminal)
