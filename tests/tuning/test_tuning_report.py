"""The report, from trials that are written out."""

from __future__ import annotations

import html.parser
import re
from functools import cache

from sfcrime.tuning.answers import FIRST_QUESTION, SECOND_QUESTION
from sfcrime.tuning.document import as_html, as_markdown
from sfcrime.tuning.effects import Comparison
from sfcrime.tuning.evidence import grid_cells
from sfcrime.tuning.findings import as_json, findings
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.report import report
from tuning_samples import BASE, SETUP, a_whole_run, backlog, failed


@cache
def _markdown() -> str:
    return as_markdown(report(findings(SETUP, a_whole_run())))


def _section(text: str, heading: str) -> str:
    return text.partition(f"{heading}\n")[2].partition("\n#")[0]


def test_both_questions_of_the_exercise_are_answered_by_name() -> None:
    text = _markdown()

    first = _section(text, f"### “{FIRST_QUESTION}”")
    assert (
        "* **Throughput** is a matter of records a trigger (x49.5) and shuffle partitions (x5.02). "
        "No measurable effect: spark.streaming.backpressure.enabled, trigger interval and "
        "state store.\n"
        "* **Latency p50** is a matter of shuffle partitions (x6.10) and trigger interval "
        "(x1.98). No measurable effect: spark.streaming.backpressure.enabled." in first
    )
    rows = first.splitlines()
    (records,) = [row for row in rows if row.startswith("| **records a trigger**")]
    assert re.search(
        r"\| x49\.5 better with 250000 than with 500 \(x4[78]\.\d to x5[12]\.\d\)\. "
        r"500: 1,010; 250000 \(base\): 50,000 \| not measured \|",
        records,
    )
    (state,) = [row for row in rows if row.startswith("| **state store**")]
    assert "| No measurable effect (x0.97 to x1.0" in state
    assert "). memory (base): 50,000; rocksdb: 50,000 |" in state
    assert "cannot do anything: a property of DStreams" in first

    second = _section(text, f"### “{SECOND_QUESTION}”")
    assert (
        "* **`source option maxOffsetsPerTrigger` = 250000** (`stream.max_records_per_batch`): "
        "x49.5 better throughput" in second
    )
    assert (
        "* **`spark.sql.shuffle.partitions` = 2** (`stream.shuffle_partitions`): x5.02 better "
        "throughput than with 200 and x6.10 better latency p50 than with 200" in second
    )
    assert (
        "* **`trigger(processingTime=...)` = 0** (`stream.trigger_ms`): x1.98 better latency p50"
        in second
    )
    assert second.count("\n* **`") == 3
    assert (
        "Settings that cannot do anything were tried as well: "
        "`spark.streaming.backpressure.enabled=true` (throughput no measurable effect" in second
    )


def test_what_to_set_comes_with_figure_and_reason() -> None:
    rows = _section(_markdown(), "## What to set")

    assert (
        "| a backlog | the base | nothing | 50,000 records/s | highest throughput; 2 others" in rows
    )
    assert "| latency | `trigger_ms=0` | `SFCRIME_STREAM_TRIGGER_MS=0` | 252 ms | lowest" in rows
    assert (
        "| records a trigger | `250000` | `stream.max_records_per_batch` | "
        "`SFCRIME_STREAM_MAX_RECORDS_PER_BATCH` | `source option maxOffsetsPerTrigger` |" in rows
    )


def test_effects_are_told_with_intervals_and_none_where_there_is_none() -> None:
    rows = _section(_markdown(), "## What each change does").splitlines()
    shuffle = next(row for row in rows if row.startswith("| `shuffle_partitions=200`"))
    state = next(row for row in rows if row.startswith("| `state_store=rocksdb`"))

    assert re.search(r"\*\*x0\.20\*\* worse \(x0\.19 to x0\.21\)", shuffle)
    assert "no measurable effect (x0.97 to x1.03)" in state
    assert "not measured" in state


def test_one_change_comes_before_several() -> None:
    rows = _section(_markdown(), "## What each change does").splitlines()

    assert [row.split("`")[1] for row in rows if row.startswith("| `")] == [
        "max_records_per_batch=500",
        "shuffle_partitions=200",
        "spark.streaming.backpressure.enabled=true",
        "state_store=rocksdb",
        "trigger_ms=0",
        "max_records_per_batch=500, shuffle_partitions=200",
    ]


def test_a_throughput_that_the_trigger_bounds_is_told_from_one_that_the_work_does() -> None:
    rows = _section(_markdown(), "## What each change does").splitlines()
    (alone,) = [row for row in rows if row.startswith("| `max_records_per_batch=500` ")]
    (both,) = [row for row in rows if row.startswith("| `max_records_per_batch=500, shuffle")]

    assert alone.endswith("| as fast as its trigger allows: 500 records every 500 ms |")
    assert both.endswith("|  |")


def test_the_usual_choice_stands_beside_the_base() -> None:
    rows = _section(_markdown(), "### Spark's defaults and the usual choice")

    assert "| 50,000 records/s | 500 ms | 1,000 ms |" in rows
    assert "**x0.005** worse (x0.0048 to x0.0052) |" in rows
    assert "| The exercise's usual choice: `max_records_per_batch=500, shuffle_p" in rows
    assert "| 250 records/s | not measured |" in rows
    assert "| Spark's defaults |" not in rows  # was not measured


def test_the_grid_is_ordered_by_size_and_shows_what_was_not_measured() -> None:
    trials = [*a_whole_run(), backlog(7, max_records_per_batch="unbounded")]
    cells = grid_cells(Comparison(trials), BASE)

    assert (cells.columns, cells.rows) == (["500", "250000", "no bound"], ["2", "200"])
    assert cells.values == [[1_010, 50_000, 7], [250, 9_950, None]]


def test_failures_are_listed_and_what_was_not_run_is_said() -> None:
    trials = [*a_whole_run(), failed(Kind.BACKLOG, "Spark's JVM ended\n(exit code 3)", heap="64m")]
    text = as_markdown(report(findings(SETUP, trials, not_run=4)))

    assert "1 failed: the list is below. 4 trials of the plan were left out for time" in text
    assert "* `heap=64m`, backlog, run 0: Spark's JVM ended (exit code 3)" in text


class _Loads(html.parser.HTMLParser):
    """What a page would load, and its tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "data")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_one_file_that_loads_nothing() -> None:
    page = as_html(report(findings(SETUP, a_whole_run())))
    parser = _Loads()
    parser.feed(page)

    assert parser.open == []
    assert page.count("<svg") == 3
    assert "@import" not in page
    assert [each for each in parser.loads if not each.startswith("#")] == []
    assert "<strong>x0.20</strong> worse" in page
    assert "**" not in page


def test_the_same_trials_give_the_same_page() -> None:
    first = as_html(report(findings(SETUP, a_whole_run())))
    assert first == as_html(report(findings(SETUP, a_whole_run())))


def test_a_name_with_markup_stays_text() -> None:
    trials = [backlog(5), backlog(4, **{"spark.x": "<script>alert(1)</script>|"})]
    blocks = report(findings(SETUP, trials))

    assert "<script" not in as_html(blocks)
    assert "`spark.x=<script>alert(1)</script>\\|`" in as_markdown(blocks)


def test_a_program_gets_medians_effects_and_recommendations() -> None:
    document = as_json(findings(SETUP, a_whole_run()))

    assert document["recommended"][1]["setting"] == "trigger_ms=0"
    base, *others = document["settings"]
    assert base["medians"]["throughput"] == 50_000
    assert base["effects"] == {}
    shuffle = next(each for each in others if each["changes"] == {"shuffle_partitions": "200"})
    assert shuffle["effects"]["throughput"]["verdict"] == "worse"


def test_a_single_trial_makes_a_report_too() -> None:
    text = as_markdown(report(findings(SETUP, [backlog(50_000)])))

    assert "No setting was measured with two values." in text
    assert "No setting had a measurable effect in these trials." in text
