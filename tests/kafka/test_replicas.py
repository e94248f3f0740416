"""What the replicas of a topic's partitions mean for a count when a broker dies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sfcrime.kafka.replicas import TopicReplicas, replica_problems
from sfcrime.kafka.topic_settings import replicas_in_sync

SOUND = TopicReplicas(
    brokers=3,
    replicas={0: 3, 1: 3},
    in_sync={0: 3, 1: 3},
    leaderless=(),
    least_in_sync=2,
    may_lose=False,
)


def _said(topic: TopicReplicas) -> list[tuple[str, str, bool]]:
    return [
        (each.said, each.mend, each.is_wrong) for each in replica_problems(topic, "alter {}".format)
    ]


def test_three_copies_of_which_two_are_needed_have_no_problem() -> None:
    assert _said(SOUND) == []


@pytest.mark.parametrize(
    "topic, said, mend, is_wrong",
    [
        (
            replace(SOUND, brokers=2, in_sync={0: 2, 1: 3}),
            "partition 0 has replicas that are behind or down",
            "start the brokers that are down",
            False,
        ),
        (
            replace(SOUND, brokers=1, in_sync={0: 1, 1: 1}),
            "partitions 0, 1 have fewer replicas in sync than min.insync.replicas=2, so nothing "
            "can be published",
            "start the brokers that are down",
            True,
        ),
        (
            replace(SOUND, in_sync={0: 0, 1: 3}, leaderless=(0,)),
            "partition 0 has no leader, so nobody can read or write",
            "start the brokers that are down",
            True,
        ),
        (
            replace(SOUND, may_lose=True),
            "unclean.leader.election.enable=true: a broker that lacks counted records may lead",
            "alter unclean.leader.election.enable=false",
            True,
        ),
        (
            replace(SOUND, replicas={0: 1, 1: 1}, in_sync={0: 1, 1: 1}, least_in_sync=1),
            "partitions with a single replica on 3 brokers: what a broker holds is away while it "
            "is down, and lost with its disk",
            "sfcrime kafka reassign-partitions (docs/clusters.md)",
            False,
        ),
        (
            replace(SOUND, replicas={0: 2, 1: 3}, in_sync={0: 2, 1: 3}, least_in_sync=1),
            "2 replicas on 3 brokers: an acknowledged record is on one broker alone while the "
            "other is down",
            "sfcrime kafka reassign-partitions (docs/clusters.md)",
            False,
        ),
        (
            replace(SOUND, least_in_sync=3),
            "min.insync.replicas=3 of 3 replicas: the death of one broker stops publishing",
            "alter min.insync.replicas=2",
            False,
        ),
        (
            replace(SOUND, least_in_sync=1),
            "min.insync.replicas=1 of 3 replicas: an acknowledged record may be on one broker "
            "alone",
            "alter min.insync.replicas=2",
            False,
        ),
    ],
)
def test_a_problem_is_said_with_what_mends_it(
    topic: TopicReplicas, said: str, mend: str, is_wrong: bool
) -> None:
    assert _said(topic) == [(said, mend, is_wrong)]


def test_one_broker_with_one_replica_is_no_problem() -> None:
    alone = replace(SOUND, brokers=1, replicas={0: 1}, in_sync={0: 1}, least_in_sync=1)
    assert _said(alone) == []


def test_as_many_replicas_are_needed_as_outlive_a_broker_and_let_one_die() -> None:
    assert [replicas_in_sync(replicas) for replicas in (1, 2, 3, 4, 5)] == [1, 1, 2, 3, 3]
