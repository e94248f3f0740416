"""How a running query is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field

from sfcrime.streaming.job import await_end


@dataclass
class Query:
    """A query that runs until it is stopped, or has been waited for so often."""

    most_waits: int = 100
    in_batch: bool = False
    asked: int = 0
    stops: list[int] = field(default_factory=list)

    def awaitTermination(self, _: float) -> bool:
        self.most_waits -= 1
        return bool(self.stops) or self.most_waits < 0

    @property
    def status(self) -> dict[str, bool]:
        self.asked += 1
        return {"isTriggerActive": self.in_batch}

    def stop(self) -> None:
        self.stops.append(self.most_waits)


def test_an_idle_query_is_asked_for_nothing_until_something_may_end_it() -> None:
    query = Query()
    may_end = iter([False] * 50 + [True])

    await_end(query, lambda: True, lambda: None, may_end=lambda: next(may_end))  # type: ignore[arg-type]

    assert (query.asked, query.stops) == (1, [49])


def test_a_query_is_not_stopped_within_a_batch() -> None:
    query = Query(most_waits=5, in_batch=True)

    await_end(query, lambda: True, lambda: None)  # type: ignore[arg-type]

    assert (query.asked, query.stops) == (5, [])


def test_a_batch_that_cannot_end_is_given_up() -> None:
    query = Query(in_batch=True)

    await_end(query, lambda: False, lambda: None, lambda: query.asked == 3)  # type: ignore[arg-type]

    assert (query.asked, query.stops, query.most_waits) == (3, [], 97)
