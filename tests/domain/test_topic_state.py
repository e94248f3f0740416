"""What of a range a topic no longer holds, and how far a count is behind it."""

from __future__ import annotations

import pytest

from sfcrime.domain.topic_state import LostRange, TopicState, is_caught_up, lag

TOPIC = TopicState("yV3m0r0nQ0m2f8q1l5XbXA", firsts={0: 10, 1: 0}, ends={0: 20, 1: 0})


@pytest.mark.parametrize(
    "partition, start, end, lost",
    [
        (0, 10, 20, []),
        (0, 12, 15, []),
        (0, 5, 5, []),
        (0, 4, 12, [(0, 4, 10)]),
        (0, 15, 25, [(0, 20, 25)]),
        (0, 4, 25, [(0, 4, 10), (0, 20, 25)]),
        (0, 2, 9, [(0, 2, 9)]),
        (0, 2, 10, [(0, 2, 10)]),
        (0, 20, 22, [(0, 20, 22)]),
        (1, 0, 3, [(1, 0, 3)]),
        (7, 0, 3, [(7, 0, 3)]),
        (7, 0, 0, []),
    ],
)
def test_what_was_read_and_is_gone_is_named(
    partition: int, start: int, end: int, lost: list[tuple[int, int, int]]
) -> None:
    assert TOPIC.lost(partition, start, end) == lost


def test_a_lost_range_is_told_by_its_first_and_last_offset() -> None:
    assert str(LostRange(3, 1_000, 2_500)) == "partition 3: offsets 1,000 to 2,499"


@pytest.mark.parametrize(
    "reached, firsts, behind",
    [
        ({0: 12, 1: 0}, {}, {0: 8, 1: 0, 2: 5}),
        ({0: 20, 2: 5}, {}, {0: 0, 1: 0, 2: 0}),
        ({0: 25, 2: 5}, {}, {0: 0, 1: 0, 2: 0}),  # the topic lost its end
        ({0: 20, 9: 4}, {0: 10, 2: 3}, {0: 0, 1: 0, 2: 2}),
    ],
)
def test_lag_is_what_each_partition_holds_beyond_what_was_reached(
    reached: dict[int, int], firsts: dict[int, int], behind: dict[int, int]
) -> None:
    ends = {2: 5, 0: 20, 1: 0}
    assert lag(reached, ends, firsts) == behind


def test_a_count_is_caught_up_where_no_partition_is_behind() -> None:
    assert is_caught_up({0: 20, 1: 0}, {0: 20, 1: 0})
    assert not is_caught_up({0: 25, 1: 0}, {0: 20, 1: 1})
