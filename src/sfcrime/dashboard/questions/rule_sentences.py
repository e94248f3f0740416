"""What each reason for setting a record aside means, in one sentence; docs/rules.md decides."""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.domain.outcomes import Reason

_SENTENCES: Mapping[Reason, str] = {
    Reason.NO_VALUE: "The record has no value.",
    Reason.EMPTY_VALUE: "The value has no bytes.",
    Reason.TOO_LARGE: "The value is longer than 65,536 bytes.",
    Reason.NOT_UTF8: "The value is not UTF-8 throughout.",
    Reason.NESTED_TOO_DEEP: "The value nests brackets more than 32 deep.",
    Reason.NOT_JSON: "The value is not exactly one JSON value.",
    Reason.NOT_AN_OBJECT: "The JSON value is not an object.",
    Reason.FIELD_MISSING: "One of the four needed fields is missing.",
    Reason.FIELD_NOT_TEXT: "One of the four needed fields is not a string.",
    Reason.CONTROL_CHARACTER: "One of the four needed fields holds a control character.",
    Reason.BAD_CALL_ID: "The call id is not 1 to 18 digits.",
    Reason.BAD_CALL_TIME: "The call time is no time of the calendar, written as the rule says.",
    Reason.YEAR_OUT_OF_RANGE: "The call time is before the year 2000, or after 2099.",
    Reason.LABEL_TOO_LONG: "The call type or the disposition is longer than 256 bytes.",
    Reason.FROM_THE_FUTURE: "The call time is more than an hour after the record was published.",
}


def sentence_of(reason: str) -> str:
    """The rule's id and what it says, e.g. "R1: The record has no value."; the reason itself where
    it is none of this version."""
    try:
        known = Reason(reason)
    except ValueError:
        return reason
    return f"{known.rule}: {_SENTENCES[known]}"
