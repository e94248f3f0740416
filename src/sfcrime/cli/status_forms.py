"""The forms a status takes: JSON and text. What is shown was read in one snapshot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from sfcrime.cli.output import (
    add_row,
    lateness_rule,
    print_line,
    print_table,
    source_line,
    source_title,
    table_of,
)
from sfcrime.cli.state_text import parts_text, restarts_text, state_text
from sfcrime.domain.known_lag import Lag
from sfcrime.domain.wall_clock import instant_iso, second_iso, to_iso
from sfcrime.pipeline.activity import SupervisionActivity
from sfcrime.pipeline.liveness import Liveness, liveness_of
from sfcrime.store.records import (
    BatchProgress,
    Generation,
    PartitionRange,
    Totals,
    WriterState,
)
from sfcrime.streaming.run_facts import versions


@dataclass(frozen=True, slots=True)
class Status:
    """Everything `status` knows."""

    generation: Generation
    totals: Totals
    partitions: list[PartitionRange]
    recent: list[BatchProgress]
    """Reports that rates are taken from, newest first."""
    progress: list[BatchProgress]
    """Reports that were asked for, newest first."""
    lag: Lag
    writer: WriterState
    supervision: SupervisionActivity
    """Without parts where nobody supervises."""
    now_ms: int

    @property
    def liveness(self) -> Liveness:
        committed_ms, parts = self.totals.committed_ms, self.supervision.parts
        return liveness_of(self.writer, committed_ms, self.lag.records, parts, self.now_ms)

    @property
    def records_per_s(self) -> float | None:
        """Over the recent batches that had records: their records by the time they took."""
        busy = [each for each in self.recent if each.input_rows]
        took_ms = sum(each.duration_ms for each in busy)
        return sum(each.input_rows for each in busy) * 1000 / took_ms if took_ms else None

    @property
    def seconds_since_commit(self) -> float | None:
        committed = self.totals.committed_ms
        return None if committed is None else max(0, self.now_ms - committed) / 1000


def status_as_json(status: Status) -> dict[str, Any]:
    """One JSON object; wall-clock times have no offset, instants end in Z."""
    generation, totals = status.generation, status.totals
    document = {
        "state": _state_as_json(status.liveness),
        "supervision": _supervision_as_json(status.supervision),
        "accounting": asdict(totals.accounting),
        "partitions": [_partition_as_json(each, status) for each in status.partitions],
        "lag": status.lag.records,
        "lag_reason": status.lag.reason,
        "rates": _rates(status),
        "freshness": {
            "as_of": _wall(totals.newest_call_us),
            "committed_at": instant_iso(totals.committed_ms),
            "seconds_since_commit": status.seconds_since_commit,
        },
        "batches": totals.batches,
        "last_batch_id": totals.last_batch_id,
        "job": _job_as_json(status.writer),
        "settings": {
            "window_minutes": generation.window_minutes,
            "lateness_rule": "off" if generation.lateness_s is None else "on",
            "lateness_s": generation.lateness_s,
            "rules_version": generation.rules_version,
        },
        "topic": generation.topic,
        "topic_id": generation.topic_id,
        "source": source_title(generation),
        "source_name": generation.source_name or None,
        "synthetic": generation.synthetic,
        "created_at": instant_iso(generation.created_ms),
        "versions": versions(),
    }
    if status.progress:
        document["progress"] = [asdict(each) for each in status.progress]
    return document


def _state_as_json(liveness: Liveness) -> dict[str, Any]:
    return {
        "state": liveness.state,
        "since": instant_iso(liveness.since_ms),
        "reason": liveness.reason,
    }


def _supervision_as_json(supervision: SupervisionActivity) -> dict[str, Any] | None:
    if not supervision.seen_ms:
        return None
    return {
        "started_at": instant_iso(supervision.started_ms),
        "seen_at": instant_iso(supervision.seen_ms),
        "parts": [
            {
                "name": part.name,
                "state": part.state,
                "since": instant_iso(part.since_ms),
                "restarts": part.restarts,
                "reason": part.reason,
            }
            for part in supervision.parts
        ],
    }


def _job_as_json(writer: WriterState) -> dict[str, Any]:
    return {
        "starts": writer.starts,
        "started_at": instant_iso(writer.started_ms),
        "seen_at": instant_iso(writer.seen_ms),
        "ended_at": instant_iso(writer.ended_ms),
    }


def _wall(wall_us: int | None) -> str | None:
    return None if wall_us is None else to_iso(wall_us)


def _partition_as_json(each: PartitionRange, status: Status) -> dict[str, Any]:
    lag = status.lag.by_partition
    return {
        "partition": each.partition,
        "start_offset": each.start,
        "end_offset": each.end,
        "counted": each.counted,
        "duplicate": _duplicates(each, status.totals),
        "late": each.late,
        "rejected": each.rejected,
        "lag": None if lag is None else lag.get(each.partition),
    }


def _duplicates(each: PartitionRange, totals: Totals) -> int | None:
    """By subtraction, which holds only where every offset is a record."""
    if totals.accounting.gaps:
        return None
    return each.end - each.start - each.counted - each.late - each.rejected


def _rates(status: Status) -> dict[str, Any] | None:
    if not status.recent:
        return None
    newest = status.recent[0]
    return {
        "batch_id": newest.batch_id,
        "input_rows_per_s": newest.input_rows_per_s,
        "processed_rows_per_s": newest.processed_rows_per_s,
        "batch_ms": newest.duration_ms,
        "lag_by_partition": newest.lag_by_partition,
        "recent_batches": len(status.recent),
        "recent_records_per_s": status.records_per_s,
    }


def print_status(status: Status) -> None:
    """Headline figures, the partitions, and the reports that were asked for."""
    print_line(source_line(status.generation))
    print_line()
    facts = table_of("", " ")
    facts.show_header = False
    for name, text in _facts(status).items():
        add_row(facts, name, text)
    print_table(facts)
    print_line()
    print_table(_partitions_table(status))
    if status.progress:
        print_line()
        print_table(_progress_table(status.progress))


def _facts(status: Status) -> dict[str, str]:
    generation, totals = status.generation, status.totals
    account, rate, age = totals.accounting, status.records_per_s, status.seconds_since_commit
    lag = status.lag.records
    return {
        "State": state_text(status.liveness),
        "Parts": parts_text(status.supervision.parts) or "nobody supervises them",
        "Restarts": _restarts(status),
        "Records": f"{account.read:,} read = {account.counted:,} counted + "
        f"{account.duplicate:,} duplicate + {account.late:,} late + {account.rejected:,} rejected",
        "Gaps": f"{account.gaps:,} offsets without a record",
        "Lag": f"unknown: {status.lag.reason}" if lag is None else f"{lag:,} records",
        "Data as of": f"{_wall(totals.newest_call_us) or 'no call yet'} (newest call)",
        "Committed": "nothing yet"
        if age is None
        else f"{instant_iso(totals.committed_ms)} ({_age(age)} ago), {totals.batches:,} batches",
        "Rate": "unknown: no batch reported yet"
        if rate is None
        else f"{rate:,.0f} records/s over the last {len(status.recent)} batches",
        "Settings": f"window {generation.window_minutes} minutes, {lateness_rule(generation)}, "
        f"rules {generation.rules_version}",
        "Topic": f"{generation.topic}, id {generation.topic_id}",
        "Versions": ", ".join(f"{name} {text or 'missing'}" for name, text in versions().items()),
    }


def _restarts(status: Status) -> str:
    supervision, starts = status.supervision, status.writer.starts
    began = f"the job began {starts:,} {'time' if starts == 1 else 'times'} in all"
    if not supervision.parts:
        return began
    since = second_iso(supervision.started_ms)
    return f"{restarts_text(supervision.parts)} since {since}; {began}"


def _age(seconds: float) -> str:
    for name, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:.0f} s"


def _partitions_table(status: Status) -> Table:
    names = ("Partition", "From", "To", "Counted", "Duplicate", "Late", "Rejected", "Lag")
    table = table_of(*names, numbers=names)
    for each in status.partitions:
        cells = _partition_as_json(each, status).values()
        add_row(table, *("?" if cell is None else cell for cell in cells))
    return table


def _progress_table(progress: list[BatchProgress]) -> Table:
    numbers = ("Batch", "Records", "ms", "Records/s", "Lag")
    table = table_of("Batch", "Started (UTC)", *numbers[1:], "Phases, ms", numbers=numbers)
    for each in progress:
        add_row(
            table,
            each.batch_id,
            (instant_iso(each.started_ms) or "")[11:19],
            each.input_rows,
            each.duration_ms,
            f"{each.processed_rows_per_s:,.0f}",
            each.lag_records,
            ", ".join(f"{name} {ms}" for name, ms in each.phases_ms.items()),
        )
    return table
