"""Order, repeats and holes of our producer's sequences; each kind of damage is caught and named."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcrime.audit.result import Difference, DifferenceKind, DifferenceLog, RecordPlace
from sfcrime.audit.sequences import ReadSequences, check_sequences
from sfcrime.audit.shares import SEQUENCE, OffsetRange
from sfcrime.audit.spill import Rows

WHOLE = {0: OffsetRange(0, 100), 1: OffsetRange(0, 100)}
FOREIGN = None
Topic = dict[int, list[int | None]]
"""By partition, the sequences at offsets 0, 1, 2...; None is someone else's record."""


def _found(topic: Topic, first: int = 0) -> dict[int, ReadSequences]:
    """Who reads the source's records of each partition, at most two at a time."""
    found: dict[int, ReadSequences] = {}
    for partition, sequences in topic.items():
        numbered = enumerate(sequences, first)
        rows = np.array([row for row in numbered if row[1] is not FOREIGN], SEQUENCE)
        found[partition] = partial(_two_at_a_time, rows)
    return found


def _two_at_a_time(rows: Rows, most: int) -> Iterator[Rows]:
    return (rows[at : at + min(most, 2)] for at in range(0, len(rows), min(most, 2)))


def _checked(
    topic: Topic, ranges: dict[int, OffsetRange] = WHOLE, partitions: tuple[int, ...] = (0, 1)
) -> tuple[list[Difference], tuple[int, int]]:
    log = DifferenceLog()
    span = check_sequences(_found(topic), ranges, partitions, log)
    assert sum(log.counts.values()) == len(log.listed)
    return log.listed, (span.start, span.end)


def _difference(what: str, found: str, due: str, *places: tuple[int, int]) -> Difference:
    return Difference(
        DifferenceKind.SEQUENCE, what, found, due, tuple(RecordPlace(*place) for place in places)
    )


@pytest.mark.parametrize(
    "topic, span",
    [
        pytest.param({0: [0, 1, 2], 1: [3, 4]}, (0, 3), id="one partition after the other"),
        pytest.param({0: [0, 2, 4], 1: [1, 3, 5]}, (0, 5), id="in turns"),
        pytest.param({0: [0, 1, 5], 1: [2]}, (0, 3), id="3 and 4 may be on their way"),
        pytest.param({0: [0, 1], 1: []}, (0, 0), id="a partition without records"),
        pytest.param({0: [], 1: [7]}, (0, 0), id="all but the last may be on their way"),
        pytest.param({0: [], 1: []}, (0, 0), id="no record at all"),
        pytest.param(
            {0: [0, FOREIGN, FOREIGN, 2, FOREIGN], 1: [1, 3]},
            (0, 3),
            id="records of others between",
        ),
    ],
)
def test_a_topic_in_order_has_no_difference(topic: Topic, span: tuple[int, int]) -> None:
    assert _checked(topic) == ([], span)


@pytest.mark.parametrize(
    "topic, differences",
    [
        pytest.param(
            {0: [0, 4, 5], 1: [1, 3, 6]},
            [_difference("sequence 2", "no record", "one record")],
            id="one taken out of the middle",
        ),
        pytest.param(
            {0: [0, 2, 9], 1: [5, 6, 9_999]},
            [
                _difference("sequence 1", "no record", "one record"),
                _difference("sequences 3 to 4", "no record", "one record each"),
                _difference("sequences 7 to 8", "no record", "one record each"),
            ],
            id="several taken out",
        ),
        pytest.param(
            {0: [3, 4], 1: [2, 5]},
            [_difference("sequences 0 to 1", "no record", "one record each")],
            id="the beginning taken out",
        ),
        pytest.param(
            {0: [0, FOREIGN, 2, 3], 1: [1, 2, 4]},
            [
                _difference(
                    "sequence 2",
                    "partition 0 offset 2 and partition 1 offset 1",
                    "one record",
                    (0, 2),
                    (1, 1),
                )
            ],
            id="one doubled across partitions",
        ),
        pytest.param(
            {0: [0, 3, 2], 1: [1, 4]},
            [_difference("sequence at partition 0 offset 2", "2", "above 3", (0, 2))],
            id="two swapped within a partition",
        ),
        pytest.param(
            {0: [0, 1, 4, 2, 4, 3], 1: [5]},
            [
                _difference("sequence at partition 0 offset 3", "2", "above 4", (0, 3)),
                _difference("sequence at partition 0 offset 5", "3", "above 4", (0, 5)),
            ],
            id="two that come late, and one again between them",
        ),
        pytest.param(
            {0: [0, 1, 4, 1, 2, 3, 4], 1: [5]},
            [_difference("sequence at partition 0 offset 4", "2", "above 4", (0, 4))],
            id="two that come late, behind one that comes again",
        ),
        pytest.param(
            {0: [0, 1, 4, 5, 0, 1, 2, 3, 4, 5, 6], 1: [7]},
            [_difference("sequence at partition 0 offset 6", "2", "above 5", (0, 6))],
            id="two that come late, behind several that come again",
        ),
        pytest.param(
            {0: [0, 10**17, 1, 2], 1: [3, 5]},
            [
                _difference(
                    "sequence at partition 0 offset 2", "1", "above 100,000,000,000,000,000", (0, 2)
                ),
                _difference("sequence 4", "no record", "one record"),
            ],
            id="a forged sequence far ahead",
        ),
    ],
)
def test_a_damaged_topic_is_caught_and_the_place_is_named(
    topic: Topic, differences: list[Difference]
) -> None:
    assert _checked(topic)[0] == differences


@pytest.mark.parametrize(
    "topic, again",
    [
        pytest.param({0: [0, 2, 3], 1: [1, 4, 4, 5]}, 1, id="one"),
        pytest.param({0: [0, 1, 2, 0, 1, 2, 3], 1: [4]}, 3, id="all of a beginning"),
        pytest.param({0: [0, 1, 2, 3, 2, 3, 2, 3, 4], 1: [5]}, 4, id="twice"),
        pytest.param({0: [0, FOREIGN, 1, 1], 1: [2, 3, 2, 3]}, 3, id="in both partitions"),
    ],
)
def test_what_was_sent_again_where_a_broker_died_is_told_and_no_difference(
    topic: Topic, again: int
) -> None:
    log = DifferenceLog()
    assert check_sequences(_found(topic), WHOLE, (0, 1), log).again == again
    assert log.listed == []


def test_one_that_is_missing_and_one_that_is_doubled_do_not_cancel_out() -> None:
    differences, _ = _checked({0: [0, 1, 5], 1: [1, 3, 4]})

    assert [each.what for each in differences] == ["sequence 1", "sequence 2"]


def test_a_sequence_in_three_partitions_is_one_difference() -> None:
    ranges = {number: OffsetRange(0, 5) for number in range(3)}

    differences, _ = _checked({0: [0, 3], 1: [0, 1], 2: [0, 2]}, ranges, (0, 1, 2))

    assert differences == [
        _difference(
            "sequence 0",
            "partition 0 offset 0 and partition 1 offset 0 and partition 2 offset 0",
            "one record",
            (0, 0),
            (1, 0),
            (2, 0),
        )
    ]


def test_what_was_deleted_before_counting_began_is_not_missing() -> None:
    ranges = {0: OffsetRange(0, 100), 1: OffsetRange(40, 100)}

    assert _checked({0: [0, 3, 4, 9], 1: [6, 7, 8]}, ranges) == (
        [],
        (6, 9),
    )
    assert _checked({0: [0, 3, 4, 9], 1: [6, 8, 10]}, ranges) == (
        [_difference("sequence 7", "no record", "one record")],
        (6, 10),
    )


def test_a_repeat_of_what_was_deleted_is_in_order() -> None:
    topic: Topic = {0: [0, 3, 4, 9], 1: [6, 8, 5, 6, 8, 10]}

    assert _checked(topic, {0: OffsetRange(0, 100), 1: OffsetRange(40, 100)}) == (
        [_difference("sequence 7", "no record", "one record")],
        (6, 10),
    )
    assert "sequence at partition 1 offset 2" in [each.what for each in _checked(topic)[0]]


def test_a_partition_that_was_not_read_may_hold_what_is_missing() -> None:
    assert _checked({0: [0, 5]}, {0: OffsetRange(0, 2)}, (0,))[0] != []
    assert _checked({0: [0, 5]}, {0: OffsetRange(0, 2)}, (0, 1)) == ([], (0, 0))


def test_repeats_are_found_where_holes_cannot_be() -> None:
    ranges = {number: OffsetRange(0, 5) for number in range(3)}

    differences, span = _checked({0: [0, 7], 1: [7, 8], 2: []}, ranges, (0, 1, 2))

    assert [each.what for each in differences] == ["sequence 7"]
    assert span == (0, 0)


def test_a_flood_of_differences_is_counted_whole_and_listed_in_part() -> None:
    log = DifferenceLog()
    same: list[int | None] = list(range(1_000))

    check_sequences(_found({0: same, 1: same}), WHOLE, (0, 1), log)

    assert log.counts == {DifferenceKind.SEQUENCE: 1_000}
    assert [each.what for each in log.listed] == [f"sequence {number}" for number in range(50)]
    assert log.listed[49].places == ((0, 49), (1, 49))


def test_the_place_of_a_repeat_is_that_of_its_first_record_in_each_partition() -> None:
    """Behind gaps, and where a partition repeats it once more."""
    rows = [(5, 0), (6, 2), (9, 3), (20, 4), (30, 3)], [(7, 1), (8, 3)]
    found: dict[int, ReadSequences] = {
        number: partial(_two_at_a_time, np.array(each, SEQUENCE))
        for number, each in enumerate(rows)
    }
    log = DifferenceLog()

    check_sequences(found, WHOLE, (0, 1), log)

    assert log.listed == [
        _difference(
            "sequence 3",
            "partition 0 offset 9 and partition 1 offset 8",
            "one record",
            (0, 9),
            (1, 8),
        ),
    ]


def test_holes_and_repeats_are_listed_in_the_order_of_their_sequences() -> None:
    differences, _ = _checked({0: [0, 2, 4, 5, 9], 1: [0, 2, 5, 9]})

    assert [each.what for each in differences] == [
        *("sequence 0", "sequence 1", "sequence 2", "sequence 3", "sequence 5"),
        *("sequences 6 to 8", "sequence 9"),
    ]


@given(st.randoms(use_true_random=False), st.integers(2, 60))
def test_whatever_was_read_of_a_right_topic_is_right_and_a_record_taken_out_is_missed(
    random: Random, total: int
) -> None:
    whole: Topic = {0: [], 1: []}
    for sequence in range(total):
        whole[random.randrange(2)].append(sequence)
    read: Topic = {
        number: sequences[: random.randrange(len(sequences) + 1)]
        for number, sequences in whole.items()
    }

    differences, (start, end) = _checked(read)

    assert differences == []
    assert (start, end) == (0, _due(read))
    if end > 1:
        taken = random.randrange(end - 1)  # the last one may be a partition's last
        damaged = {
            number: [each for each in sequences if each != taken]
            for number, sequences in read.items()
        }
        differences, _ = _checked(cast(Topic, damaged))
        assert bool(differences) is (taken < _due(cast(Topic, damaged)))


def _due(topic: Topic) -> int:
    """Up to which sequence every one has to be there."""
    whole = [[each for each in sequences if each is not FOREIGN] for sequences in topic.values()]
    return min(max(each) + 1 for each in whole) if all(whole) else 0
