"""Answers about the whole: accounts, batches, changes, the last audit. Pure.

Each function takes a `Seen` and what was asked, and makes the record that is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sfcrime.dashboard.answers import records as answers
from sfcrime.dashboard.answers.proofs import Audit, LastAudit
from sfcrime.dashboard.answers.records import Accounts, Batch, Overview, Snapshot, State
from sfcrime.dashboard.memory.changes import Change
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.hours import newest_hours
from sfcrime.dashboard.questions.meta import meta_from, meta_of
from sfcrime.dashboard.questions.parameters import BatchesForm, ChangesForm, wall_text
from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.wall_clock import instant_iso
from sfcrime.store.records import BatchProgress, PartitionRange
from sfcrime.store.verdict import AuditVerdict

SNAPSHOT_HOURS = 6
"""More than go by, in a replay, until the page asks for all of them again."""
SNAPSHOT_CHANGES = 30


def overview_of(seen: Seen, state: State) -> Overview:
    """The accounts, the state, and the newest batch."""
    running = seen.writer.ended_ms is None
    return Overview(
        meta=meta_of(seen),
        state=state,
        accounts=accounts_of(seen.totals.accounting),
        batches=seen.totals.batches,
        rejected_by_reason=dict(seen.rejected_by_reason),
        partitions=[_partition(each) for each in seen.partitions],
        last_batch=_last_batch(seen),
        spark_ui=seen.writer.facts.spark_ui if running else None,
    )


def snapshot_of(seen: Seen, state: State) -> Snapshot:
    """What the event stream sends of this `Seen`."""
    listed = seen.changes.newest[:SNAPSHOT_CHANGES]
    return Snapshot(
        meta=meta_of(seen),
        state=state,
        accounts=accounts_of(seen.totals.accounting),
        batches=seen.totals.batches,
        rejected_by_reason=dict(seen.rejected_by_reason),
        last_batch=_last_batch(seen),
        hours=newest_hours(seen.hours, SNAPSHOT_HOURS),
        changes=[_change(each) for each in listed],
        changes_left_out=_left_out(seen, listed),
    )


def _partition(counted: PartitionRange) -> answers.Partition:
    """What is asked for of it; the leader epoch is a matter between job and topic."""
    fields = counted._asdict()
    return answers.Partition(**{name: fields[name] for name in answers.Partition.model_fields})


def accounts_of(accounting: Accounting) -> Accounts:
    return Accounts(**asdict(accounting))


def batches_of(seen: Seen, form: BatchesForm) -> answers.Batches:
    """Reports of the newest batches."""
    found = [_batch(each) for each in seen.progress[-form.limit :]]
    return answers.Batches(meta=meta_of(seen), batches=found)


def _last_batch(seen: Seen) -> Batch | None:
    return _batch(seen.progress[-1]) if seen.progress else None


def _batch(progress: BatchProgress) -> Batch:
    return Batch(
        batch=progress.batch_id,
        started_at=instant_iso(progress.started_ms) or "",
        duration_ms=progress.duration_ms,
        input_rows=progress.input_rows,
        input_rows_per_s=progress.input_rows_per_s,
        processed_rows_per_s=progress.processed_rows_per_s,
        phases_ms=progress.phases_ms,
        lag=progress.lag_records,
        lag_by_partition=progress.lag_by_partition,
    )


def changes_of(seen: Seen, form: ChangesForm) -> answers.Changes:
    """The newest changes of cells, those that match where a text is given."""
    wanted = form.q.casefold()
    matching = [each for each in seen.changes.newest if wanted in _searched(each)]
    listed = matching[: form.limit]
    totals = seen.totals if seen.columns is None else seen.columns.totals
    return answers.Changes(
        meta=meta_from(seen.generation_id, seen.generation, totals),
        changes=[_change(each) for each in listed],
        left_out=_left_out(seen, listed),
    )


def _searched(change: Change) -> str:
    """What a text is looked for in; a line break keeps the fields apart."""
    return f"{change.reading}\n{change.label}\n{change.disposition}".casefold()


def _left_out(seen: Seen, listed: Sequence[Change]) -> int:
    """Changes of the listed batches beyond those listed."""
    by_batch = seen.changes.by_batch or {}
    return sum(by_batch[batch] for batch in {each.batch_id for each in listed}) - len(listed)


def _change(change: Change) -> answers.Change:
    return answers.Change(
        batch=change.batch_id,
        committed_at=instant_iso(change.committed_ms) or "",
        window=wall_text(change.window_s),
        type=change.reading,
        label=change.label,
        disposition=change.disposition,
        added=change.added,
        calls=change.calls,
    )


def last_audit_of(seen: Seen, verdict: AuditVerdict | None) -> LastAudit:
    """The verdict, and how far the count has gone on since."""
    if verdict is None:
        return LastAudit(audit=None, batches_since=None)
    same = (verdict.generation, verdict.created_ms) == (
        seen.generation_id,
        seen.generation.created_ms,
    )
    last = seen.totals.last_batch_id
    audited = -1 if verdict.batch is None else verdict.batch
    return LastAudit(
        audit=Audit(
            equal=verdict.equal,
            audited_at=instant_iso(verdict.audited_ms) or "",
            generation=verdict.generation,
            batch=verdict.batch,
            cells=verdict.cells,
            differing=verdict.differing,
            accounts=accounts_of(verdict.accounting),
        ),
        batches_since=(-1 if last is None else last) - audited if same else None,
    )
