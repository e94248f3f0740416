"""Makes a topic on which the sides differ smaller, by leaving out what does not matter.

Greedy: records first, then, where it is a verdict that differs, bytes of the value; what is left
out stays out if the sides still differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from both_sides import compare
from fuzz_topics import FuzzRecord, FuzzTopic

_MOST_S = 60.0


def shrunk(topic: FuzzTopic, within_s: float = _MOST_S) -> FuzzTopic:
    """A smallest part of the topic on which the sides still differ; what was found until the time
    is over.

    Args:
        topic: the one.
        within_s: of this process's computing, whatever else the machine does.
    """
    until = time.process_time() + within_s
    whole = compare(topic)
    verdicts_differ = bool(compare(topic, count=False).differences)

    def differs(tried: FuzzTopic) -> bool:
        if time.process_time() > until:
            return False
        return bool(compare(tried, count=not verdicts_differ).differences)

    alone = (_of(topic, [number]) for number in whole.differing[:3])
    smaller = next(filter(differs, alone), None) or _fewer_records(topic, differs)
    if verdicts_differ and not topic.source_name:
        for number in range(len(smaller.records)):
            smaller = _shorter_value(smaller, number, differs)
    return smaller


def _of(topic: FuzzTopic, numbers: Sequence[int]) -> FuzzTopic:
    """The topic with only these records, in the same batches."""
    kept = set(numbers)
    at = 0
    batches = []
    for batch in topic.batches:
        some = tuple(each for number, each in enumerate(batch, at) if number in kept)
        at += len(batch)
        if some:
            batches.append(some)
    return replace(topic, batches=tuple(batches))


def _fewer_records(topic: FuzzTopic, differs: Callable[[FuzzTopic], bool]) -> FuzzTopic:
    numbers = _parts_left_out(
        list(range(len(topic.records))), lambda some: differs(_of(topic, some))
    )
    return _of(topic, numbers)


def _shorter_value(
    topic: FuzzTopic, number: int, differs: Callable[[FuzzTopic], bool]
) -> FuzzTopic:
    value = topic.records[number].value
    if value is None:
        return topic

    def differs_with(some: Sequence[int]) -> bool:
        return differs(_with_value(topic, number, bytes(some)))

    return _with_value(topic, number, bytes(_parts_left_out(list(value), differs_with)))


def _with_value(topic: FuzzTopic, number: int, value: bytes) -> FuzzTopic:
    at = 0
    batches = []
    for batch in topic.batches:
        changed: list[FuzzRecord] = list(batch)
        if at <= number < at + len(batch):
            changed[number - at] = changed[number - at]._replace(value=value)
        at += len(batch)
        batches.append(tuple(changed))
    return replace(topic, batches=tuple(batches))


def _parts_left_out(whole: list[int], holds: Callable[[Sequence[int]], bool]) -> list[int]:
    """`whole` without the parts, large ones first, that can be left out while `holds` is true."""
    size = len(whole) // 2
    while size:
        at = 0
        while at < len(whole):
            rest = whole[:at] + whole[at + size :]
            if rest and holds(rest):
                whole = rest
            else:
                at += size
        size //= 2
    return whole
