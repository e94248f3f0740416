"""How many replicas a topic's partitions have, and what that means when a broker dies. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_START = "start the brokers that are down"
_MORE = "sfcrime kafka reassign-partitions (docs/clusters.md)"


@dataclass(frozen=True, slots=True)
class TopicReplicas:
    """The replicas of a topic's partitions, as they are now."""

    brokers: int
    """Those of the cluster that are up."""
    replicas: Mapping[int, int]
    """By partition."""
    in_sync: Mapping[int, int]
    """By partition, those that have all that was acknowledged (in-sync replicas)."""
    leaderless: tuple[int, ...]
    """Partitions that nobody leads."""
    least_in_sync: int
    """`min.insync.replicas`."""
    may_lose: bool
    """`unclean.leader.election.enable`."""


@dataclass(frozen=True, slots=True)
class ReplicaProblem:
    """What is wrong with them, or will be when a broker dies."""

    said: str
    mend: str
    is_wrong: bool = False
    """It stops or endangers a count now."""


def replica_problems(topic: TopicReplicas, alter: Callable[[str], str]) -> Iterator[ReplicaProblem]:
    """All of them, the worst first.

    Args:
        topic: its replicas.
        alter: the command that gives the topic a setting, `name=value`.
    """
    if topic.leaderless:
        said = f"{_named(topic.leaderless)} no leader, so nobody can read or write"
        yield ReplicaProblem(said, _START, is_wrong=True)
    if topic.may_lose:
        yield ReplicaProblem(
            "unclean.leader.election.enable=true: a broker that lacks counted records may lead",
            alter("unclean.leader.election.enable=false"),
            is_wrong=True,
        )
    led = [each for each in topic.replicas if each not in topic.leaderless]
    stopped = [each for each in led if topic.in_sync[each] < topic.least_in_sync]
    if stopped:
        said = f"fewer replicas in sync than min.insync.replicas={topic.least_in_sync}"
        yield ReplicaProblem(
            f"{_named(stopped)} {said}, so nothing can be published", _START, is_wrong=True
        )
    behind = [each for each in led if topic.in_sync[each] < topic.replicas[each]]
    if behind and behind != stopped:
        yield ReplicaProblem(f"{_named(behind)} replicas that are behind or down", _START)
    yield from _when_one_dies(topic, alter)


def _when_one_dies(topic: TopicReplicas, alter: Callable[[str], str]) -> Iterator[ReplicaProblem]:
    fewest = min(topic.replicas.values(), default=0)
    if topic.brokers > 1 and fewest == 1:
        yield ReplicaProblem(
            f"partitions with a single replica on {topic.brokers} brokers: what a broker holds is "
            "away while it is down, and lost with its disk",
            _MORE,
        )
    if topic.brokers > 2 and fewest == 2:
        yield ReplicaProblem(
            f"2 replicas on {topic.brokers} brokers: an acknowledged record is on one broker alone "
            "while the other is down",
            _MORE,
        )
    if fewest > 1 and topic.least_in_sync >= fewest:
        yield ReplicaProblem(
            f"min.insync.replicas={topic.least_in_sync} of {fewest} replicas: the death of one "
            "broker stops publishing",
            alter(f"min.insync.replicas={fewest - 1}"),
        )
    if fewest > 2 and topic.least_in_sync == 1:
        yield ReplicaProblem(
            f"min.insync.replicas=1 of {fewest} replicas: an acknowledged record may be on one "
            "broker alone",
            alter("min.insync.replicas=2"),
        )


def _named(partitions: tuple[int, ...] | list[int]) -> str:
    numbers = ", ".join(map(str, partitions))
    return f"partition {numbers} has" if len(partitions) == 1 else f"partitions {numbers} have"
