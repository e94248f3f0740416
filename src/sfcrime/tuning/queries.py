"""Both queries under a trial: how each is started, and where it keeps what it counted.

The product's is `sfcrime stream`, and its store says what it came to. The exercise's is
`exercise/data_stream.py`, which reports each batch as a line for the lab.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

import sfcrime
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import StoreUnavailable, UsageError
from sfcrime.jvm.jars import resolve_jars
from sfcrime.machine.child import Child, start_child
from sfcrime.pipeline.part import environment_of_part
from sfcrime.settings import Settings
from sfcrime.store.address import StoreAddress, store_address
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import CellCount
from sfcrime.tuning.figures import Count, CountedBatch, TrialFailed

LEDGER_ROWS = 1_000_000
"""Kept of a trial: all."""
PROGRAM = Path("exercise") / "data_stream.py"
_UNHEARD_S = 3.0
_SECOND_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class RunningQuery:
    """A query that was started for a trial."""

    child: Child
    reached: Callable[[], tuple[int, int]]
    """Records and batches that it has counted so far."""
    stop: Callable[[float], int]
    """Ends it after the batch in hand, within so many seconds; its exit code. Repeatable."""
    count: Callable[[], Count]
    """What it came to, once it has ended. Raises StoreUnavailable or TrialFailed: nothing."""


def start_product(settings: Settings, flags: Sequence[str]) -> RunningQuery:
    """Starts `sfcrime stream` on the data folder that the settings name.

    Linux ends it with the thread that started it.
    """
    child = start_child(
        [sys.executable, "-m", "sfcrime", "stream", "--no-restart", *flags],
        settings.data_dir / "stream.log",
        environment=environment_of_part(settings),
    )
    store = store_address(settings)
    return RunningQuery(
        child, partial(_reached_in_store, store), child.stop, partial(count_of_store, store)
    )


def _reached_in_store(store: StoreAddress) -> tuple[int, int]:
    try:
        with open_reader(store) as reader:
            totals = reader.totals()
    except StoreUnavailable:  # not made yet
        return 0, 0
    return totals.accounting.read, totals.batches


def count_of_store(store: StoreAddress) -> Count:
    """A count as a store has it.

    Raises:
        StoreUnavailable: nothing can be read.
    """
    with open_reader(store) as reader:
        offsets: dict[int, dict[int, range]] = {}
        for batch_id, part in reader.batch_ranges():
            offsets.setdefault(batch_id, {})[part.partition] = range(part.start, part.end)
        rows = sorted(reader.ledger_rows(LEDGER_ROWS), key=lambda row: row.batch_id)
        calls, digest = _calls_and_digest(reader.cells())
        return Count(
            started_ms=_first_batch_began_ms(reader),
            batches=[
                CountedBatch(row.accounting.read, row.committed_ms, offsets.get(row.batch_id, {}))
                for row in rows
            ],
            accounting=reader.totals().accounting,
            calls=calls,
            digest=digest,
        )


def _first_batch_began_ms(reader: StoreReader) -> int:
    """By Spark's report; where it did not come any more, the query's own beginning."""
    first = [report for report in reader.progress() if report.batch_id == 0]
    return first[0].started_ms if first else reader.generation().created_ms


def _calls_and_digest(cells: Iterable[CellCount]) -> tuple[int, str]:
    # One cell at a time: 670,000 of them take 2 s so, and 11 s in a list.
    hashed, calls = hashlib.sha256(), 0
    for cell in cells:
        calls += cell.calls
        hashed.update(f"{tuple(cell)}\n".encode())
    return calls, hashed.hexdigest()[:16]


class _BatchLine(msgspec.Struct, frozen=True):
    """A batch that Spark has committed, and the totals after it."""

    started_ms: int
    duration_ms: int
    records: int
    repeats: int
    ends: dict[int, int]
    """By partition, the first offset that is not counted yet; empty where it read none."""
    counted: int
    """Calls in all groups, of this batch and those before it."""
    set_aside: int
    """Likewise."""


class _LastLine(msgspec.Struct, frozen=True):
    """Written where the program ended in order."""

    groups: str
    """Digest of all groups after the last batch."""


def exercise_program() -> Path:
    """The exercise's program, which lies in the project and not in the installed package.

    Raises:
        UsageError: it is not beside the package.
    """
    found = Path(sfcrime.__file__).resolve().parents[2] / PROGRAM
    if not found.is_file():
        raise UsageError(
            f"The exercise's query is not here: there is no {found}.",
            rule="The tuning lab measures the exercise's query by running the project's own "
            f"{PROGRAM}; an installed package does not have it.",
            next_step="run it from a checkout of the project, or leave the exercise's query out: "
            "--query product",
        )
    return found


def start_exercise(settings: Settings, options: Sequence[str]) -> RunningQuery:
    """Starts it on the data folder that the settings name, as a learner does: by `spark-submit`.

    Linux ends it with the thread that started it.

    Args:
        settings: both queries obey them; they reach the program as variables.
        options: further options of the program, those about state.

    Raises:
        UsageError: the program is not there.
        JarsUnavailable: the connector is missing.
    """
    program, jars = exercise_program(), resolve_jars("spark", settings.jvm)
    reports = settings.data_dir / "reports.jsonl"
    command = [
        *(sys.executable, "-m", "sfcrime", "spark-submit", "--master", settings.stream.master),
        *("--jars", ",".join(map(str, jars)), str(program)),
        *("--bootstrap-servers", settings.kafka.bootstrap_servers),
        *("--topic", settings.kafka.topic, "--data-dir", str(settings.data_dir)),
        *("--ui-port", str(settings.stream.ui_port), "--reports", str(reports)),
        # Its own trigger is slow, for the eye.
        *("--trigger-ms", str(settings.stream.trigger_ms), *options),
    ]
    child = start_child(
        command,
        settings.data_dir / "stream.log",
        environment=environment_of_part(settings),
        end_signal=signal.SIGTERM,  # spark-submit passes it on; SIGKILL would leave its JVM behind
    )
    reached = partial(_reached_in_reports, reports)
    return RunningQuery(
        child, reached, partial(_stop_submitted, child, reached), partial(count_of_reports, reports)
    )


def _reached_in_reports(reports: Path) -> tuple[int, int]:
    batches, _ = _lines(reports)
    return sum(batch.records for batch in batches), len(batches)


def _stop_submitted(child: Child, reached: Callable[[], tuple[int, int]], grace_s: float) -> int:
    """`spark-submit` asks the program to end at the first signal, and ends it at the second. The
    first may come before the program is there to hear it; then there is no batch to wait for."""
    if child.is_running():
        os.kill(child.pid, signal.SIGTERM)
        _, batches = reached()
        child.wait(grace_s if batches else _UNHEARD_S)
    return child.stop(_SECOND_STOP_S)


def count_of_reports(path: Path) -> Count:
    """A count as the program reports it.

    Raises:
        TrialFailed: it reported no batch.
    """
    lines, digest = _lines(path)
    if not lines:
        raise TrialFailed("it reported no batch")
    batches, reached = list[CountedBatch](), dict[int, int]()
    for line in lines:
        offsets = {p: range(reached.get(p, 0), end) for p, end in line.ends.items()}
        new = {p: each for p, each in offsets.items() if each}
        batches.append(CountedBatch(line.records, line.started_ms + line.duration_ms, new))
        reached.update(line.ends)
    return Count(
        started_ms=lines[0].started_ms,
        batches=batches,
        accounting=Accounting(
            read=sum(line.records for line in lines),
            counted=lines[-1].counted,
            duplicate=sum(line.repeats for line in lines),
            rejected=lines[-1].set_aside,
        ),
        calls=lines[-1].counted,
        digest=digest,
    )


def _lines(path: Path) -> tuple[list[_BatchLine], str]:
    """The batches, and the digest at the end; a line that is being written is left for later."""
    batches, digest = list[_BatchLine](), ""
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            batches.append(msgspec.json.decode(line, type=_BatchLine))
        except msgspec.ValidationError:
            digest = msgspec.json.decode(line, type=_LastLine).groups
        except msgspec.DecodeError:
            break
    return batches, digest
