"""A lenient reading of a call's time, for putting records in order and for nothing else.

Whether a record counts is judged elsewhere, and more strictly; here a time that can be made out
at all is better than none.
"""

from __future__ import annotations

from datetime import datetime

from sfcrime.domain.outcomes import FIRST_YEAR, LAST_YEAR_EXCLUSIVE
from sfcrime.domain.wall_clock import from_datetime


def ordering_time_us(text: object) -> int | None:
    """Microseconds on the wall of an ISO 8601 date or date and time, or None.

    An offset, which no source of ours gives, is ignored: the wall clock written is what counts.
    None for anything that is no text, no date, or outside the years 2000 to 2099.
    """
    if not isinstance(text, str):
        return None
    text = text.strip()
    if not text.isprintable():  # Python 3.11 reads a date up to a NUL, later ones do not
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= moment.year < LAST_YEAR_EXCLUSIVE:
        return None
    return from_datetime(moment.replace(tzinfo=None))
