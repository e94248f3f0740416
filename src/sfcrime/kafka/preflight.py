"""What is seen of a topic before it is counted: each fact is asked for once, and handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sfcrime.domain.topic_state import TopicState
from sfcrime.kafka.origin import TopicOrigin, origin_of
from sfcrime.kafka.topic import Topic


@dataclass(frozen=True, slots=True)
class Preflight:
    """A topic at one moment."""

    name: str
    state: TopicState
    settings: Mapping[str, str]
    """Every setting in force."""
    origin: TopicOrigin | None = None
    """Whose it is; None where that was settled before, and no record was read for it."""


def preflight(topic: Topic) -> Preflight | None:
    """Looks at a topic, without a look at its records; None where there is no such topic.

    Raises:
        KafkaUnavailable: the broker does not answer, or this user may not see what is asked for.
    """
    state = topic.find()
    return None if state is None else Preflight(topic.name, state, topic.settings())


def with_origin(topic: Topic, seen: Preflight) -> Preflight:
    """The same, with whose topic it is.

    Raises:
        TopicRefused: it holds records of two sources of ours.
        KafkaUnavailable: the broker does not answer, or this user may not read the topic.
    """
    return replace(seen, origin=origin_of(topic.kafka, seen.state))
