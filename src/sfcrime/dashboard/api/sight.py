"""What the endpoints answer from: given to the application once, asked for by every request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from sfcrime.dashboard.answers.api_error import store_empty
from sfcrime.dashboard.answers.records import State
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.settings import Settings


@dataclass(frozen=True, slots=True)
class Sight:
    """The store as it was seen last, and how to tell whether somebody still counts.

    It is kept as `app.state.sight`.
    """

    settings: Settings
    """Of this server; its data folder holds the store."""
    newest: Callable[[], Seen | None]
    """The newest `Seen`; None where nothing was counted yet. Called by many threads."""
    state_of: Callable[[Seen], State]
    """Live or stale, with the lag as it was measured last; never waits."""

    def seen(self) -> Seen:
        """The newest `Seen`.

        Raises:
            ApiError: `store_empty` where there is none.
        """
        found = self.newest()
        if found is None:
            raise store_empty()
        return found


def sight_of(request: Request) -> Sight:
    """The sight of the application that serves the request."""
    found = request.app.state.sight
    assert isinstance(found, Sight)
    return found


GivenSight = Annotated[Sight, Depends(sight_of)]
