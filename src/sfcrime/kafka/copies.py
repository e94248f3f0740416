"""How many copies a topic's partitions have, and what that means when a broker dies. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_START = "start the brokers that are down"


@dataclass(frozen=True, slots=True)
class TopicCopies:
    """The copies of a topic's partitions, as they are now."""

    brokers: int
    """Those of the cluster that are up."""
    copies: Mapping[int, int]
    """By partition."""
    in_step: Mapping[int, int]
    """By partition, those that have all that was acknowledged (in-sync replicas)."""
    leaderless: tuple[int, ...]
    """Partitions that nobody leads."""
    least_in_step: int
    """`min.insync.replicas`."""
    may_lose: bool
    """`unclean.leader.election.enable`."""


@dataclass(frozen=True, slots=True)
class CopyProblem:
    """What is wrong with them, or will be when a broker dies."""

    said: str
    mend: str
    is_wrong: bool = False
    """It stops or endangers a count now."""


def copy_problems(topic: TopicCopies, alter: Callable[[str], str]) -> Iterator[CopyProblem]:
    """All of them, the worst first.

    Args:
        topic: its copies.
        alter: the command that gives the topic a setting, `name=value`.
    """
    if topic.leaderless:
        said = f"{_named(topic.leaderless)} no leader, so nobody can read or write"
        yield CopyProblem(said, _START, is_wrong=True)
    if topic.may_lose:
        yield CopyProblem(
            "unclean.leader.election.enable=true: a broker that lacks counted records may lead",
            alter("unclean.leader.election.enable=false"),
            is_wrong=True,
        )
    led = [each for each in topic.copies if each not in topic.leaderless]
    stopped = [each for each in led if topic.in_step[each] < topic.least_in_step]
    if stopped:
        said = f"fewer copies in step than min.insync.replicas={topic.least_in_step}"
        yield CopyProblem(
            f"{_named(stopped)} {said}, so nothing can be published", _START, is_wrong=True
        )
    behind = [each for each in led if topic.in_step[each] < topic.copies[each]]
    if behind and behind != stopped:
        yield CopyProblem(f"{_named(behind)} copies that are behind or down", _START)
    yield from _when_one_dies(topic, alter)


def _when_one_dies(topic: TopicCopies, alter: Callable[[str], str]) -> Iterator[CopyProblem]:
    fewest = min(topic.copies.values(), default=0)
    if topic.brokers > 1 and fewest == 1:
        yield CopyProblem(
            f"partitions with a single copy on {topic.brokers} brokers: what a broker holds is "
            "away while it is down, and lost with its disk",
            "sfcrime kafka reassign-partitions (docs/clusters.md)",
        )
    if fewest > 1 and topic.least_in_step >= fewest:
        yield CopyProblem(
            f"min.insync.replicas={topic.least_in_step} of {fewest} copies: the death of one "
            "broker stops publishing",
            alter(f"min.insync.replicas={fewest - 1}"),
        )
    if fewest > 2 and topic.least_in_step == 1:
        yield CopyProblem(
            f"min.insync.replicas=1 of {fewest} copies: an acknowledged record may be on one "
            "broker alone",
            alter("min.insync.replicas=2"),
        )


def _named(partitions: tuple[int, ...] | list[int]) -> str:
    numbers = ", ".join(map(str, partitions))
    return f"partition {numbers} has" if len(partitions) == 1 else f"partitions {numbers} have"
