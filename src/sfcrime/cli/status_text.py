"""A status as text: headline figures, the partitions, Spark's reports."""

from __future__ import annotations

from rich.table import Table

from sfcrime.cli.output import (
    add_row,
    lateness_rule,
    print_line,
    print_table,
    source_line,
    table_of,
)
from sfcrime.cli.state_text import parts_text, restarts_text, state_text
from sfcrime.cli.status_facts import Status
from sfcrime.cli.status_json import partition_as_json
from sfcrime.domain.wall_clock import instant_iso, second_iso
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.run_facts import versions


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
        "Data as of": f"{status.newest_call or 'no call yet'} (newest call)",
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
        cells = partition_as_json(each, status).values()
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
