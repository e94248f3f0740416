"""How fast, and in how much memory, a large file of calls is put into call-time order.

    python benchmarks/source_order.py --records 8000000 --format csv

The file holds the calls of `backlog.py`, newest first as the portal exports them. It is made and
read in a folder of its own that is deleted afterwards; reading runs in a process of its own, so
that its peak memory (VmHWM, Linux) is that of reading alone. Nothing is published: what is
measured is everything up to the producer.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, cast

import click
import pyarrow as pa
import pyarrow.parquet as pq
from backlog import Backlog, open_backlog

from sfcrime.domain.calls import CALL_FIELDS, CALL_ID_FIELD, CALL_TIME_FIELD, SourceRecord
from sfcrime.machine.description import described_machine
from sfcrime.sources.file import open_files_source
from sfcrime.sources.input_files import files_of

BLOCK_RECORDS = 200_000
Blocks = Iterator[list[SourceRecord]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One reading of a file."""

    records: int
    file_mb: float
    ordering_s: float
    """Reading the file to its end, and sorting."""
    giving_s: float
    """Giving all records in order, with their checks."""
    ordered_per_s: float
    with_giving_per_s: float
    peak_memory_mb: float
    id_sum: int
    progress_reports: int


def newest_first(backlog: Backlog) -> Blocks:
    """All records of the backlog, latest first."""
    for start in reversed(range(0, backlog.records_wanted, BLOCK_RECORDS)):
        yield list(islice(backlog.records(start), BLOCK_RECORDS))[::-1]


def write_json_gz(path: Path, blocks: Blocks) -> None:
    """One array, its elements as they stand in the real file."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        before = b"[\n"
        for block in blocks:
            for record in block:
                file.write(before + record.value)
                before = b",\n"
        file.write(b"\n]\n")


def write_csv(path: Path, blocks: Blocks) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(CALL_FIELDS)
        for block in blocks:
            calls = (json.loads(record.value) for record in block)
            writer.writerows([call[field] for field in CALL_FIELDS] for call in calls)


def write_parquet(path: Path, blocks: Blocks) -> None:
    schema = pa.schema([(field, pa.string()) for field in CALL_FIELDS])
    with pq.ParquetWriter(path, schema) as writer:
        for block in blocks:
            rows = [json.loads(record.value) for record in block]
            writer.write_table(pa.Table.from_pylist(rows, schema), row_group_size=len(rows))


WRITERS: dict[str, Callable[[Path, Blocks], None]] = {
    "csv": write_csv,
    "json.gz": write_json_gz,
    "parquet": write_parquet,
}


def measure(path: Path) -> Measured:
    """Reads the file as the producer does, in this process.

    Raises:
        AssertionError: a record came before an earlier one.
    """
    reports: list[int] = []
    began = monotonic()
    source = open_files_source(
        files_of(str(path)), path.parent, lambda done, _: reports.append(done)
    )
    ordered = monotonic()
    last_ms, last_time, id_sum, records = 0, "", 0, 0
    for record in source.records():
        records += 1
        call = json.loads(record.value)
        if record.published_at_ms < last_ms or call[CALL_TIME_FIELD] < last_time:
            raise AssertionError(f"{record} came too late")
        last_ms, last_time = record.published_at_ms, call[CALL_TIME_FIELD]
        id_sum += int(call[CALL_ID_FIELD])
    given = monotonic()
    source.close()
    return Measured(
        records=records,
        file_mb=path.stat().st_size / 1e6,
        ordering_s=ordered - began,
        giving_s=given - ordered,
        ordered_per_s=records / (ordered - began),
        with_giving_per_s=records / (given - began),
        peak_memory_mb=_peak_memory_mb(),
        id_sum=id_sum,
        progress_reports=len(reports),
    )


def _peak_memory_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (kib,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return kib * 1024 / 1e6


@click.command()
@click.option("--records", default=8_000_000, show_default=True)
@click.option("--format", "form", type=click.Choice(list(WRITERS)), default="csv")
@click.option("--work-dir", type=click.Path(path_type=Path), help="Default: the temp folder.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(records: int, form: str, work_dir: Path | None, out: Path | None) -> None:
    """Make a file of RECORDS calls, read it in order, and print figures as JSON."""
    backlog = open_backlog(records)
    ids = sum(int(cast(bytes, record.key)) for record in backlog.records())
    with TemporaryDirectory(prefix="sfcrime-order-", dir=work_dir) as folder:
        path = Path(folder) / f"calls.{form}"
        WRITERS[form](path, newest_first(backlog))
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            measured = pool.submit(measure, path).result()
    if (measured.records, measured.id_sum) != (records, ids):
        raise AssertionError(f"{records} records were written, and {measured} were read")
    figures: dict[str, Any] = {"format": form, "origin": backlog.origin}
    result = figures | asdict(measured) | {"machine": described_machine()}
    click.echo(json.dumps(result, indent=1))
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
