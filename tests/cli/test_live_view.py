"""The live view: what stands where, on terminals of several sizes."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text

from sfcrime.cli.live_view import RateMeter, View, draw, plain_line
from sfcrime.domain.outcomes import Accounting
from sfcrime.pipeline.activity import (
    DashboardActivity,
    PartState,
    ProducerActivity,
    StreamActivity,
    SupervisionActivity,
)
from sfcrime.pipeline.liveness import LivenessWatch
from sfcrime.pipeline.overview import Counted, Overview
from sfcrime.statistics.movement import Movement
from sfcrime.store.records import BatchProgress, PartitionRange, Totals
from store_samples import GENERATION

MOVEMENTS = (
    Movement("Passing Call", 1_346, (800, 0, None, 1, 400, 110, 30, 5), -0.8),
    Movement("Traf Violation Cite", 40, (0, 0, 0, 0, 0, 20, 20, 0), 0.0),
    Movement("Traffic Stop", 12, (0, 0, 0, 0, 0, 0, 0, 12), None),
    Movement("Suspicious Person", 8, (1, 1, 1, 1, 1, 1, 1, 1), 0.25),
    Movement("Trespasser", 7, (1, 1, 1, 1, 1, 1, 1, 0), None),
    Movement("Homeless Complaint", 6, (1, 1, 1, 1, 1, 1, 0, 0), None),
    Movement("Audible Alarm", 5, (1, 1, 1, 1, 1, 0, 0, 0), None),
    Movement("Noise Nuisance", 4, (1, 1, 1, 1, 0, 0, 0, 0), None),
    Movement("Well Being Check", 3, (1, 1, 1, 0, 0, 0, 0, 0), None),
    Movement("Fight No Weapon \x1b[31m", 2, (1, 1, 0, 0, 0, 0, 0, 0), None),
)
COUNTED = Counted(
    generation=GENERATION,
    totals=Totals(
        accounting=Accounting(
            read=45_258, counted=45_001, duplicate=2, late=55, rejected=200, gaps=0
        ),
        batches=189,
        last_batch_id=188,
        committed_ms=None,
        newest_call_us=1_538_503_860_000_000,
    ),
    ledger=(PartitionRange(0, 0, 45_258, 45_001, 55, 200),),
    last_batch=BatchProgress(
        batch_id=188,
        started_ms=0,
        duration_ms=1_631,
        input_rows=4_400,
        input_rows_per_s=0.0,
        processed_rows_per_s=0.0,
        phases_ms={"triggerExecution": 1_631, "addBatch": 1_546, "walCommit": 12},
    ),
    movements=MOVEMENTS,
)
OVERVIEW = Overview(
    producer=ProducerActivity(sent=45_000, already_there=1_258, step="publishing"),
    stream=StreamActivity(step="running", ui_url="http://127.0.0.1:3000"),
    counted=COUNTED,
)


BEGAN_MS = 1_795_999_600_000  # 2026-11-30T00:46:40Z
DOWN = PartState("broker", "down", BEGAN_MS, 1, "was killed by signal 9")
STREAM_DOWN = PartState("stream", "down", BEGAN_MS + 5_000, 3, "ended with exit code 4")
STALE = replace(
    OVERVIEW,
    supervision=SupervisionActivity(
        BEGAN_MS, BEGAN_MS, (DOWN, PartState("producer", "up", BEGAN_MS, 0, ""), STREAM_DOWN)
    ),
)


def shown(
    overview: Overview = OVERVIEW, *, columns: int = 80, lines: int = 24, now_ms: int = 0
) -> list[str]:
    """The lines of the view on a terminal of that size, borders and blanks at the ends cut."""
    console = Console(width=columns, height=lines, file=io.StringIO(), force_terminal=True)
    ends, rates = {0: 46_258}, {"published": 210.4, "read": 190.6}
    with console.capture() as captured:
        console.print(
            draw(overview, ends, rates, "waiting", overview.liveness(ends, now_ms, LivenessWatch()))
        )
    return [Text.from_ansi(line).plain.strip("│ ") for line in captured.get().splitlines()]


def line_of(start: str, overview: Overview = OVERVIEW) -> str:
    (found,) = [line for line in shown(overview, columns=100, lines=40) if line.startswith(start)]
    return found


def words(line: str) -> str:
    """The line with single blanks."""
    return " ".join(line.split())


def test_the_four_outcomes_stand_on_one_line_and_add_up() -> None:
    assert line_of("45,258 read") == (
        "45,258 read = 45,001 counted + 2 duplicate + 55 late + 200 rejected  ✓ adds up"
    )


def test_a_sum_that_is_wrong_is_said_in_words() -> None:
    wrong = replace(COUNTED.totals, accounting=Accounting(read=10, counted=9))
    overview = replace(OVERVIEW, counted=replace(COUNTED, totals=wrong))

    assert line_of("DOES NOT ADD UP", overview) == (
        "DOES NOT ADD UP: 10 read = 9 counted + 0 duplicate + 0 late + 0 rejected"
    )


def test_records_pace_and_lag_of_every_part_are_shown() -> None:
    assert words(line_of("Producer")) == "Producer 46,258 210/s publishing"
    assert words(line_of("Stream")) == "Stream 45,258 191/s running · lag 1,000"
    assert words(line_of("Batch")) == ("Batch 188 4,400 1,631 ms addBatch 1,546 ms")


def test_freshness_and_the_spark_ui_are_shown() -> None:
    assert line_of("Data as of") == ("Data as of  Tue 2018-10-02 18:11")
    assert line_of("Spark UI") == "Spark UI    http://127.0.0.1:3000/StreamingQuery/"


def test_the_address_of_the_page_stands_below_that_of_the_spark_ui_once_it_answers() -> None:
    assert not any(line.startswith("Page") for line in shown(columns=100, lines=40))

    answering = replace(OVERVIEW, dashboard=DashboardActivity(url="http://127.0.0.1:8000"))

    lines = shown(answering, columns=100, lines=40)
    spark_ui = next(n for n, line in enumerate(lines) if line.startswith("Spark UI"))
    assert lines[spark_ui + 1] == "Page        http://127.0.0.1:8000"


def test_bars_are_shares_of_the_peak_a_dot_is_none_and_a_blank_an_hour_that_never_was() -> None:
    bars = line_of("Passing Call").split("1,346  ")[1]

    assert bars[:8] == "█· ▁▄▂▁▁"


def test_a_change_is_an_arrow_and_a_number() -> None:
    assert line_of("Passing Call").endswith("▼ 80%")
    assert line_of("Traf Violation Cite").endswith("= 0%")
    assert line_of("Suspicious Person").endswith("▲ 25%")
    assert "%" not in line_of("Traffic Stop")


def test_calls_that_the_types_shown_leave_out_are_told() -> None:
    overview = replace(OVERVIEW, counted=replace(COUNTED, left_out=12_345))

    assert line_of("12,345 calls", overview) == (
        "12,345 calls of the rarest raw types are left out."
    )
    assert len(shown(overview, lines=20)) <= 20


def test_synthetic_data_says_so_in_the_title() -> None:
    synthetic = replace(GENERATION, synthetic=True)
    real = replace(GENERATION, synthetic=False)

    for generation, marked in ((synthetic, True), (real, False)):
        title = shown(replace(OVERVIEW, counted=replace(COUNTED, generation=generation)))[0]
        assert ("SYNTHETIC DATA" in title) is marked
        assert GENERATION.source_title in title


@pytest.mark.parametrize(
    ("lines", "types"), [(24, 10), (20, 7), (18, 5), (16, 3), (10, 3), (40, 10)]
)
def test_fewer_types_are_shown_where_there_are_few_lines(lines: int, types: int) -> None:
    view = shown(lines=lines)

    assert sum(any(line.startswith(each.call_type[:8]) for each in MOVEMENTS) for line in view) == (
        types
    )


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (100, 30), (80, 16), (200, 60)])
def test_the_view_leaves_a_line_and_is_at_most_100_columns_wide(columns: int, lines: int) -> None:
    console = Console(width=columns, height=lines, file=io.StringIO())
    with console.capture() as captured:
        console.print(draw(OVERVIEW, {0: 46_258}, {"published": 0.0, "read": 0.0}, "waiting"))
    view = captured.get().splitlines()

    assert len(view) < lines
    assert {len(line.rstrip()) for line in view} == {min(columns, 100)}


def test_nothing_is_cut_off_on_80_columns_after_8_million_records() -> None:
    many = Accounting(read=8_001_234, counted=8_000_000, duplicate=1_234)
    overview = replace(
        OVERVIEW,
        counted=replace(COUNTED, totals=replace(COUNTED.totals, accounting=many)),
        producer=ProducerActivity(8_001_234, 0, 1_538_503_860_000, "publishing"),
    )

    view = "\n".join(shown(overview))

    assert "8,001,234 read = 8,000,000 counted + 1,234 duplicate + 0 late + 0 rejected ✓" in view
    assert "publishing · at Tue 2018-10-02 11:11" in view
    assert "…" not in view


def test_before_the_first_batch_it_says_what_is_awaited() -> None:
    overview = Overview(ProducerActivity(), StreamActivity(), None)

    view = shown(overview)

    assert "sfcrime" in view[0]
    assert any(line.split()[:3] == ["Stream", "0", "191/s"] for line in view)
    assert any("waiting · lag 46,258" in line for line in view)
    assert any(line.startswith("0 read = 0 counted") for line in view)


def test_a_label_from_the_topic_cannot_command_the_terminal() -> None:
    assert line_of("Fight No Weapon").startswith("Fight No Weapon \\x1b[31m")


def test_the_plain_line_has_the_same_sum_gaps_and_lag() -> None:
    assert plain_line(OVERVIEW, {0: 46_258}, "starting the producer") == (
        "read 45,258 = counted 45,001 + duplicate 2 + late 55 + rejected 200; gaps 0; "
        "lag 1,000; producer publishing; stream running"
    )


def test_the_plain_line_says_what_is_awaited_and_that_it_stopped() -> None:
    starting = replace(OVERVIEW, stream=StreamActivity())

    assert plain_line(starting, {}, "starting the broker").endswith("stream starting the broker")
    assert plain_line(OVERVIEW, {}, "stopped").endswith("stream stopped")


def test_parts_that_are_down_stand_in_the_place_of_silence_and_the_numbers_stay() -> None:
    view = shown(STALE)

    said = " ".join(line for line in view[1:4])
    assert said.startswith(
        "Stale since 2026-11-30T00:46:40Z: the broker is down: it was killed by signal 9; "
        "the stream is down: it ended with exit code 4"
    )
    assert words(line_of("Stream", STALE)) == (
        "Stream 45,258 191/s down since 00:46:45Z · lag 1,000"
    )
    assert words(line_of("Producer", STALE)) == "Producer 46,258 210/s publishing"
    assert words(line_of("Restarts", STALE)) == "Restarts broker 1, stream 3"
    assert any(line.startswith("45,258 read = 45,001 counted") for line in view)
    assert len(view) < 24


def test_a_page_that_is_down_is_told_and_leaves_the_numbers_live() -> None:
    page = PartState("dashboard", "down", BEGAN_MS, 2, "was killed by signal 9")
    overview = replace(OVERVIEW, supervision=SupervisionActivity(BEGAN_MS, BEGAN_MS, (page,)))

    assert line_of("Page", overview) == "Page        down since 00:46:40Z"
    assert not any("stale" in line.lower() for line in shown(overview))


def test_while_all_parts_work_nothing_is_said_of_them() -> None:
    view = "\n".join(shown())

    assert "Restarts" not in view
    assert "tale since" not in view


def test_before_anything_is_counted_a_part_that_is_down_is_named() -> None:
    overview = Overview(ProducerActivity(), StreamActivity(), None, supervision=STALE.supervision)

    assert shown(overview)[1].startswith("Stale since 2026-11-30T00:46:40Z: the broker is down")


def test_a_reason_cannot_command_the_terminal() -> None:
    down = PartState("stream", "down", BEGAN_MS, 1, "\x1b[31mred")
    overview = replace(OVERVIEW, supervision=SupervisionActivity(BEGAN_MS, BEGAN_MS, (down,)))

    assert "\\x1b[31mred" in shown(overview, columns=100)[1]


def test_the_plain_line_names_what_is_down_and_counts_restarts_to_the_end() -> None:
    ends = {0: 46_258}

    assert plain_line(STALE, ends, "", STALE.liveness(ends, BEGAN_MS, LivenessWatch())) == (
        "read 45,258 = counted 45,001 + duplicate 2 + late 55 + rejected 200; gaps 0; "
        "lag 1,000; producer publishing; "
        "stream down since 2026-11-30T00:46:45Z (ended with exit code 4); "
        "restarts: broker 1, stream 3; "
        "stale since 2026-11-30T00:46:40Z: the broker is down: it was killed by signal 9; "
        "the stream is down: it ended with exit code 4"
    )
    assert plain_line(STALE, ends, "stopped").endswith(
        "; producer publishing; stream stopped; restarts: broker 1, stream 3"
    )


def test_without_a_terminal_it_prints_what_is_new_and_nothing_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, printed = [10.0], io.StringIO()
    monkeypatch.setattr("sfcrime.cli.live_view.time.monotonic", lambda: now_s[0])

    with View(Console(file=printed, width=400), plain=True, steps=["counting"]) as view:
        for seconds, end in ((0.0, 46_258), (2.0, 46_258), (2.0, 46_259), (1.0, 46_260)):
            now_s[0] += seconds
            view.show(OVERVIEW, {0: end})

    lines = printed.getvalue().splitlines()
    assert [line.split("; ")[2] for line in lines] == ["lag 1,000", "lag 1,001"]


def test_a_rate_is_taken_over_the_last_ten_seconds() -> None:
    meter = RateMeter()

    assert meter.rate(0.0, 0) == 0.0
    assert meter.rate(5.0, 500) == 100.0
    assert meter.rate(15.0, 2_500) == 200.0
