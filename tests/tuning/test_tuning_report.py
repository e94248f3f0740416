"""The report, from trials that are written out."""

from __future__ import annotations

import html.parser
import re
from functools import cache

import msgspec

from sfcrime.tuning.answers import FIRST_QUESTION, SECOND_QUESTION
from sfcrime.tuning.choice import Findings
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.report import as_json, report
from sfcrime.tuning.report_text import as_html
from tuning_samples import (
    SETUP,
    a_product_run,
    a_whole_run,
    an_exercise_run,
    backlog,
    failed,
    of_product,
)


@cache
def _markdown() -> str:
    return report(Findings(SETUP, a_whole_run()))


def _section(text: str, heading: str) -> str:
    return text.partition(f"{heading}\n")[2].partition("\n#")[0]


def test_both_questions_of_the_exercise_are_answered_by_name() -> None:
    text = _markdown()

    first = _section(text, f"### “{FIRST_QUESTION}”")
    assert (
        "* **Throughput** is a matter of records a trigger (x49.5 with 250000 against 500) and "
        "shuffle partitions (x5.02 with 2 against 200). No measurable effect: "
        "spark.streaming.backpressure.enabled, trigger interval and state store.\n"
        "* **Latency p50** is a matter of shuffle partitions (x6.10 with 2 against 200) and "
        "trigger interval (x1.98 with 0 against 500). No measurable effect: "
        "spark.streaming.backpressure.enabled." in first
    )
    assert "cannot do anything: a property of DStreams" in first

    second = _section(text, f"### “{SECOND_QUESTION}”")
    assert (
        "* **`source option maxOffsetsPerTrigger` = 250000** (`stream.max_records_per_batch`): "
        "x49.5 better throughput" in second
    )
    assert (
        "* **`spark.sql.shuffle.partitions` = 2** (`data_stream.py --shuffle-partitions`): "
        "x5.02 better throughput than with 200 and x6.10 better latency p50 than with 200" in second
    )
    assert (
        "* **`trigger(processingTime=...)` = 0** (`stream.trigger_ms`): x1.98 better latency p50"
        in second
    )
    assert second.count("\n* **`") == 3
    assert "7 configurations of 5 settings of the exercise's query ran 21 times in all" in second
    assert (
        "Settings that cannot do anything were tried as controls: "
        "`spark.streaming.backpressure.enabled=true`." in second
    )


def test_what_to_set_comes_with_figure_and_reason_and_is_the_products() -> None:
    rows = _section(_markdown(), "## What to set (the product's query)")

    assert (
        "| a backlog | the base | nothing | 150,000 records/s | highest throughput; 1 other" in rows
    )
    assert "| latency | `trigger_ms=0` | `SFCRIME_STREAM_TRIGGER_MS=0` | 50.5 ms | lowest" in rows
    assert (
        "| trigger interval | `250` | `500` | `stream.trigger_ms` | "
        "`trigger(processingTime=...)` |" in rows
    )
    assert (
        "| state store | none | `memory` | `data_stream.py --state-store` | "
        "`spark.sql.streaming.stateStore.providerClass` |" in rows
    )


def test_every_table_says_of_which_query_it_is() -> None:
    text = _markdown()

    assert "12 trials of 3 configurations of the product's query (`sfcrime stream`) and 21 " in text
    for query in ("product", "exercise"):
        assert text.count(f"\n| Setting of the {query}'s query |") == 1
    assert "\n| Setting | Base of the product's query | Base of the exercise's query |" in text


def test_a_figure_of_one_query_is_never_compared_with_one_of_the_other() -> None:
    """`trigger_ms=0` halves the latency of each, from another base."""
    text = _markdown()
    product = _section(text, "## What each change does to the product's query")
    exercise = _section(text, "## What each change does to the exercise's query")

    (row,) = [row for row in product.splitlines() if row.startswith("| `trigger_ms=0`")]
    (other,) = [row for row in exercise.splitlines() if row.startswith("| `trigger_ms=0`")]
    assert "**x0.51** better" in row
    assert "**x0.51** better" in other
    assert "`state_store=rocksdb`" not in product


def test_a_query_that_was_not_measured_is_said_to_be_missing() -> None:
    product = report(Findings(SETUP, a_product_run()))
    exercise = report(Findings(SETUP, an_exercise_run()))

    assert "The exercise's query was not measured" in product
    assert "## What each change does to the exercise's query" not in product
    assert "Nothing was measured that a recommendation could rest on." in exercise
    assert "## What each change does to the product's query" not in exercise


def test_effects_are_told_with_intervals_and_none_where_there_is_none() -> None:
    rows = _section(_markdown(), "## What each change does to the exercise's query").splitlines()
    shuffle = next(row for row in rows if row.startswith("| `shuffle_partitions=200`"))
    state = next(row for row in rows if row.startswith("| `state_store=rocksdb`"))

    assert re.search(r"\| 9,950: \*\*x0\.20\*\* worse \(x0\.19 to x0\.2[01]\) \|", shuffle)
    assert "| the base | 6 | 50,000 | 500 | 1,000 |" in "\n".join(rows)
    assert "no measurable effect (x0.97 to x1.03)" in state
    assert "not measured" in state


def test_one_change_comes_before_several() -> None:
    rows = _section(_markdown(), "## What each change does to the exercise's query").splitlines()

    assert [row.split("`")[1] for row in rows if row.startswith("| `")] == [
        "max_records_per_batch=500",
        "shuffle_partitions=200",
        "spark.streaming.backpressure.enabled=true",
        "state_store=rocksdb",
        "trigger_ms=0",
        "max_records_per_batch=500, shuffle_partitions=200",
    ]


def test_a_throughput_that_the_trigger_bounds_is_told_from_one_that_the_work_does() -> None:
    rows = _section(_markdown(), "## What each change does to the exercise's query").splitlines()
    (alone,) = [row for row in rows if row.startswith("| `max_records_per_batch=500` ")]
    (both,) = [row for row in rows if row.startswith("| `max_records_per_batch=500, shuffle")]

    assert alone.endswith("| as fast as its trigger allows: 500 records every 500 ms |")
    assert both.endswith("| the exercise's usual choice |")


def test_failures_are_listed_and_what_was_not_run_is_said() -> None:
    ended = failed(Kind.BACKLOG, "Spark's JVM ended\n(exit code 3)", heap="64m")
    ended = msgspec.structs.replace(ended, log="out of `memory`\n  at main")
    text = report(Findings(SETUP, [*a_whole_run(), ended], not_run=4))

    assert "1 failed: the list is below. 4 trials of the plan were left out for time" in text
    assert (
        "* The exercise's query, `heap=64m`, backlog, run 0: `Spark's JVM ended (exit code 3)` "
        "Its log ends: `out of 'memory' at main`\n" in text
    )


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

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_one_file_that_loads_nothing() -> None:
    page = as_html(report(Findings(SETUP, a_whole_run())))
    parser = _Loads()
    parser.feed(page)

    assert parser.open == []
    assert "@import" not in page
    assert parser.loads == []
    assert "<strong>x0.20</strong> worse" in page
    assert "**" not in page


def test_a_name_with_markup_stays_text() -> None:
    image = "![](http://127.0.0.1/x.png) <script>alert(1)</script>"
    setup = msgspec.structs.replace(SETUP, machine={"cpu": image})
    trials = [backlog(5), backlog(4, **{"spark.x": "` <script>alert(1)</script>|"})]
    text = report(Findings(setup, [*trials, failed(Kind.BACKLOG, f"`{image}")]))
    page = as_html(text)

    assert "<script" not in page
    assert "<img" not in page
    assert "<code>spark.x=' &lt;script&gt;alert(1)&lt;/script&gt;|</code>" in page
    assert "`spark.x=' <script>alert(1)</script>\\|`" in text


def test_a_program_gets_medians_effects_and_recommendations() -> None:
    document = as_json(Findings(SETUP, a_whole_run()))

    assert document["recommended"][1]["setting"] == "trigger_ms=0"
    bases = {each["query"]: each for each in document["settings"] if not each["changes"]}
    assert bases["product"]["medians"]["throughput"] == 150_000
    assert bases["exercise"]["medians"]["throughput"] == 50_000
    assert bases["exercise"]["effects"] == {}
    (shuffle,) = (
        each for each in document["settings"] if each["changes"] == {"shuffle_partitions": "200"}
    )
    assert shuffle["query"] == "exercise"
    assert shuffle["effects"]["throughput"]["verdict"] == "worse"


def test_a_program_is_told_of_which_query_a_failure_is() -> None:
    trials = [of_product(failed(Kind.PACED, "no broker"))]
    (told,) = as_json(Findings(SETUP, trials))["failed"]

    assert (told["query"], told["kind"], told["reason"]) == ("product", "paced", "no broker")


def test_a_single_trial_makes_a_report_too() -> None:
    text = report(Findings(SETUP, [backlog(50_000)]))

    assert "No setting was measured with two values." in text
    assert "No setting had a measurable effect in these trials." in text
