"""What a generation was counted by, and what a record becomes by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sfcrime.audit.judge import ValidCall, judge_time, judge_value
from sfcrime.domain.outcomes import Outcome, Reason
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.store.records import LateRecord


@dataclass(frozen=True, slots=True)
class CountingRules:
    """What a generation was counted by."""

    lateness_s: int | None
    """Allowed lateness; None: rules R15 and L1 are off."""
    window_minutes: int

    @property
    def window_s(self) -> int:
        """Width of a window."""
        return self.window_minutes * 60

    def judge(self, record: TopicRecord) -> ValidCall | Reason | LateRecord:
        """The call a record holds, the reason for rejecting it, or its row among the late."""
        call = judge_value(record.value)
        if not isinstance(call, ValidCall) or self.lateness_s is None:
            return call
        outcome = judge_time(call.call_us, record.timestamp_ms, self.lateness_s)
        if outcome is Outcome.COUNTED:
            return call
        if outcome is Outcome.REJECTED:
            return Reason.FROM_THE_FUTURE
        return LateRecord(record.partition, record.offset, call.call_us, record.timestamp_ms)
