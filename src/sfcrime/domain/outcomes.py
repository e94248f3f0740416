"""What becomes of a record: exactly one of four outcomes, and why it was set aside.

The rules are described one by one in docs/rules.md; a reason carries its rule's id. The order
of `Reason` is the order in which the rules are tried: the first that fails is the reason.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from operator import add


class Outcome(StrEnum):
    """Where several apply, the earlier of rejected, late, duplicate, counted wins."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    LATE = "late"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a record was rejected; the value is what the store and every report show."""

    NO_VALUE = "no-value"
    EMPTY_VALUE = "empty-value"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    NESTED_TOO_DEEP = "nested-too-deep"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    FIELD_MISSING = "field-missing"
    FIELD_NOT_TEXT = "field-not-text"
    CONTROL_CHARACTER = "control-character"
    BAD_CALL_ID = "bad-call-id"
    BAD_CALL_TIME = "bad-call-time"
    YEAR_OUT_OF_RANGE = "year-out-of-range"
    LABEL_TOO_LONG = "label-too-long"
    FROM_THE_FUTURE = "from-the-future"

    @property
    def rule(self) -> str:
        """The rule's id in docs/rules.md, "R1" to "R15"."""
        return f"R{list(Reason).index(self) + 1}"


# The bounds the rules speak of (docs/rules.md). Both judges cite these; neither shares code.
MAX_VALUE_BYTES = 64 * 1024
MAX_NESTING = 32
MAX_CALL_ID_DIGITS = 18
FIRST_YEAR = 2000
LAST_YEAR_EXCLUSIVE = 2100
MAX_LABEL_BYTES = 256
"""Of call type and of disposition, each, blanks folded."""
FUTURE_TOLERANCE_S = 3600
DEFAULT_LATENESS_S = 7 * 24 * 3600

RULES_VERSION = 2
"""Raised whenever a rule changes what a record becomes; part of the fingerprint."""


@dataclass(frozen=True, slots=True)
class Accounting:
    """How many records were read from the topic, and what became of them."""

    read: int = 0
    counted: int = 0
    duplicate: int = 0
    late: int = 0
    rejected: int = 0
    gaps: int = 0
    """Offsets that hold no record: transaction markers, aborted or compacted records."""

    @property
    def adds_up(self) -> bool:
        return self.read == self.counted + self.duplicate + self.late + self.rejected

    def __add__(self, other: Accounting) -> Accounting:
        return Accounting(*map(add, astuple(self), astuple(other)))


ACCOUNTING_FIELDS = tuple(each.name for each in fields(Accounting))
"""As the store's columns and every `--json` name them."""
