"""What `sfcrime rebuild` says before it counts, and while it does."""

from __future__ import annotations

from dataclasses import replace

from sfcrime.cli.rebuild import CountingPace, plan_lines
from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.topic_state import LostRange
from sfcrime.pipeline.rebuilding import RebuildPlan
from store_samples import GENERATION

PLAN = RebuildPlan(
    seen=GENERATION,
    seen_accounting=Accounting(read=1_500, counted=1_400, duplicate=100),
    wanted=replace(GENERATION, window_minutes=30, lateness_s=None),
    due=1_200,
    lost=(),
)


def test_what_changes_and_what_readers_see_meanwhile_is_said() -> None:
    assert plan_lines(PLAN) == [
        "Counting 1,200 records of topic org.sf.police.calls anew.",
        "Until the new numbers are complete, readers see the old ones: 1,500 records read, "
        "1,400 counted.",
        "What changes: window 60 min -> 30 min, lateness 168 h -> off.",
    ]


def test_a_count_by_the_same_settings_changes_nothing() -> None:
    same = replace(PLAN, wanted=replace(GENERATION, created_ms=5))
    assert plan_lines(same)[-1] == "What changes: nothing."


def test_what_is_lost_is_named() -> None:
    lost = replace(PLAN, lost=(LostRange(0, 0, 200), LostRange(1, 10, 110)))
    assert plan_lines(lost)[-3:] == [
        "What is lost: 300 offsets that were counted and are in the topic no longer.",
        "  partition 0: offsets 0 to 199",
        "  partition 1: offsets 10 to 109",
    ]


def test_a_store_that_holds_nothing_shows_nothing_meanwhile() -> None:
    assert plan_lines(replace(PLAN, seen=None)) == [
        "Counting 1,200 records of topic org.sf.police.calls anew.",
        "Readers see nothing until the numbers are complete.",
    ]


def test_the_pace_leaves_out_what_came_before_the_first_record() -> None:
    pace = CountingPace()
    assert pace.is_told(1_000, 5.0)
    assert pace.line(4_000) == "1,000 of 4,000 records (25%)"
    assert not pace.is_told(1_000, 12.0)
    assert pace.is_told(2_000, 14.0)
    assert pace.line(4_000) == "2,000 of 4,000 records (50%), 500/s, 0:04 left"
    assert pace.is_told(4_000, 22.0)
    assert pace.line(4_000) == "4,000 of 4,000 records (100%), 300/s, 0:00 left"
