"""Whether the server is fit: for whoever runs it, and restarts or waits for it."""

from __future__ import annotations

from sfcrime.dashboard.answers.records import Answer, State

MOST_LAG = 1_000_000
"""Records; more are minutes behind, even at full speed."""


class Readiness(Answer):
    """What `/readyz` says: with 200 where it is ready, else with 503."""

    ready: bool
    reasons: list[str]
    """Why it is not, in a sentence each."""


def readiness_of(problem: str | None, state: State | None, most_lag: int = MOST_LAG) -> Readiness:
    """Ready: the store can be read, a job counts, and the topic is not far ahead.

    Args:
        problem: why the last look at the store failed; None: it did not.
        state: None where nothing was counted yet.
        most_lag: records.
    """
    reasons = [] if problem is None else [problem]
    if state is None:
        reasons += [] if problem else ["There is no store yet, or nothing in it."]
        return Readiness(ready=False, reasons=reasons)
    if state.state == "stale":
        reasons.append(state.reason)
    if state.lag is None:
        reasons.append(f"The lag is not known: {state.lag_reason}.")
    elif state.lag > most_lag:
        reasons.append(f"The lag is {state.lag:,} records, more than {most_lag:,}.")
    return Readiness(ready=not reasons, reasons=reasons)
