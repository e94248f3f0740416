"""`sfcrime audit`: recounts the topic independently and compares; exit 0 equal, 3 different."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sfcrime.audit.result import (
    AuditResult,
    ConflictFound,
    Difference,
    DifferenceKind,
    RecordPlace,
    SequenceSpan,
    cell_key,
    cell_name,
)
from sfcrime.audit.run_audit import audit_store
from sfcrime.audit.run_shards import audit_combined, audit_shard, end_shards
from sfcrime.cli.audit_shards import print_shard, shard_asked_for
from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json, print_lines
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.signals import ctrl_c_on_signals
from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.safe_text import terminal_safe
from sfcrime.errors import EXIT_OK, SfcrimeError
from sfcrime.machine.clock import now_ms
from sfcrime.settings import Settings
from sfcrime.store.verdict import VERDICT_FILE, AuditVerdict, write_verdict

_MOST_PLACES = 10
_SIDES = {DifferenceKind.SEQUENCE: ("found", "due")}
"""What the two sides of a difference are called, where they are not recount and store."""


@click.command("audit", epilog="Example:  sfcrime audit --json")
@setting_flags("--data-dir", "--store-url", "--bootstrap-servers", "--kafka-config", "--work-dir")
@click.option("--shard", metavar="I/N", help="Read and judge shard I of N alone, for --combine.")
@click.option("--combine", is_flag=True, help="Compare what all shards came to with the store.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(settings: Settings, shard: str | None, combine: bool, as_json: bool) -> int:
    """Recount the topic independently and compare with the store.

    Reads every counted record with another client, judges it by docs/rules.md in plain Python,
    and compares cells, totals, rejected and late records both ways. On a topic of sfcrime
    produce, the records' sequence numbers prove that none is missing. A running job is not
    disturbed. Up to three processes share the work, unless audit.processes says otherwise. What
    they read lies in the folder for temporary files (TMPDIR) meanwhile: up to 100 bytes a record,
    and a copy of the store. The verdict is kept in the data folder as audit.json. Exit code 0:
    equal; 3: different, with the offsets that caused each difference.

    Many machines share an audit by a folder that all of them see: of three, each reads a shard
    with --shard 1/3 (2/3, 3/3) --work-dir /shared, then one compares with --combine --work-dir
    /shared. Shard 1 and the comparison need the store, the other shards Kafka alone.
    """
    part = shard_asked_for(settings, shard, combine)
    with ctrl_c_on_signals(), ProgressBar() as bar:
        if part is not None:
            counted = audit_shard(settings, *part, bar.show)
        else:
            result = (audit_combined if combine else audit_store)(settings, bar.show)
    if part is not None:
        print_shard(counted, as_json=as_json)
        return EXIT_OK
    if as_json:
        print_json(_as_json(result))
    else:
        print_lines(_as_lines(result))
    _keep(settings.data_dir, result)
    if combine:
        end_shards(settings)
    return result.exit_code


def _keep(data_dir: Path, result: AuditResult) -> None:
    """Keeps the verdict for the page; a folder that cannot be written changes no verdict."""
    verdict = AuditVerdict(
        equal=result.equal,
        audited_ms=now_ms(),
        generation=result.generation,
        created_ms=result.created_ms,
        batch=result.batch,
        cells=result.cells,
        differing=result.differing,
        accounting=result.accounting,
    )
    try:
        write_verdict(data_dir, verdict)
    except (OSError, SfcrimeError) as error:
        click.echo(
            f"The verdict is not kept as {VERDICT_FILE}: {terminal_safe(str(error))}", err=True
        )


def _as_json(result: AuditResult) -> dict[str, Any]:
    return {
        "equal": result.equal,
        "generation": result.generation,
        "batch": result.batch,
        "cells": result.cells,
        "differing": result.differing,
        "accounting": asdict(result.accounting),
        "stored_accounting": asdict(result.stored_accounting),
        "difference_counts": {kind.value: n for kind, n in result.difference_counts.items()},
        "differences": [_difference_as_json(each) for each in result.differences],
        "conflict_count": result.conflict_count,
        "conflicts": [_conflict_as_json(each) for each in result.conflicts],
        "sequences": None if result.sequences is None else asdict(result.sequences),
        "topic": result.topic,
        "offsets": {
            str(partition): {"start": span.start, "end": span.end}
            for partition, span in result.ranges.items()
        },
        "lateness_s": result.lateness_s,
        "window_minutes": result.window_minutes,
    }


def _difference_as_json(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind.value,
        "what": difference.what,
        "recounted": difference.recounted,
        "stored": difference.stored,
        "records": [place._asdict() for place in difference.places],
    }


def _conflict_as_json(found: ConflictFound) -> dict[str, Any]:
    return {
        "call_id": found.conflict.call_id,
        "cells": [
            {"partition": partition, "cell": cell_name(cell_key(cell))}
            for partition, cell in found.conflict.choices
        ],
        "records": [place._asdict() for place in found.places],
    }


def _as_lines(result: AuditResult) -> list[str]:
    lines = [_verdict(result), "", _account("recounted", result.accounting)]
    if result.stored_accounting != result.accounting:
        lines.append(_account("stored", result.stored_accounting))
    if result.sequences is not None:
        found_right = DifferenceKind.SEQUENCE not in result.difference_counts
        lines.append(_sequences(result.sequences, found_right))
    for each in result.differences:
        lines += ["", f"{each.kind}: {each.what}"]
        ours, other = _SIDES.get(each.kind, ("recounted", "stored"))
        lines.append(f"  {ours} {each.recounted}, {other} {each.stored}{_at(each.places)}")
    listed = len(result.differences)
    total = sum(result.difference_counts.values())
    if total > listed:
        lines += ["", f"... and {total - listed:,} more differences."]
    if result.conflict_count:
        lines += [
            "",
            f"Conflicts: {result.conflict_count:,}. Copies of one call lie in several partitions "
            "and differ in type or disposition; either may be the counted one.",
        ]
    for found in result.conflicts:
        cells = " or ".join(cell_name(cell_key(cell)) for _, cell in found.conflict.choices)
        lines.append(f"  call {found.conflict.call_id}: {cells}{_at(found.places)}")
    return lines


def _verdict(result: AuditResult) -> str:
    upto = ", ".join(f"{number}:{span.end:,}" for number, span in result.ranges.items())
    scope = f"{result.topic} up to offsets {upto or 'none'}"
    if result.equal:
        return f"Equal: {result.cells:,} cells, {result.accounting.read:,} records of {scope}."
    counts = ", ".join(f"{n:,} of kind {kind}" for kind, n in result.difference_counts.items())
    return (
        f"Different: {result.differing:,} cells differ (the recount found {result.cells:,}), "
        f"{scope}. Differences: {counts}."
    )


def _sequences(span: SequenceSpan, found_right: bool) -> str:
    """How far the topic is proved whole; what is wrong stands among the differences."""
    records = f"sequences: {span.records:,} records of the source"
    if span.start == span.end:
        return f"{records}; none can be called missing while a partition holds no such record"
    numbers = f"{span.start:,} to {span.end - 1:,}"
    if not found_right:
        return f"{records}; {numbers} should be there once each"
    if span.again:
        return f"{records}; {numbers} are all there, {span.again:,} records again (sent twice)"
    return f"{records}; {numbers} are there once each"


def _account(side: str, account: Accounting) -> str:
    return f"{side:>9}: " + ", ".join(f"{name} {n:,}" for name, n in asdict(account).items())


def _at(places: tuple[RecordPlace, ...]) -> str:
    if not places:
        return ""
    shown = ", ".join(f"{each.partition}:{each.offset}" for each in places[:_MOST_PLACES])
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    return f"; records at partition:offset {shown}{more}"
