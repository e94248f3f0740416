"""What keeping identities in the store costs: time, bytes on disk and memory.

    python benchmarks/identities.py forms
    python benchmarks/identities.py shapes --identities 5000000
    python benchmarks/identities.py large near-ordered --held 100000000
    python benchmarks/identities.py large "random times" --held 100000000

Every figure is of whole batches: repeats found, packed, written and committed (one fsync each).
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from identity_shapes import SHAPES, Shape, near_ordered
from sqlalchemy import Connection, Engine, text

from sfcrime.store import schema, sqlite
from sfcrime.store.identities import Identities
from sfcrime.store.identity_cache import BlockCache
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.identity_levels import Held, IdentityBounds
from sfcrime.store.identity_merging import Merging

HEAD = f"{'':<34}{'us/record':>10}{'CPU us':>9}{'slowest ms':>12}{'written/batch':>15}{'B/id':>7}"


@dataclass(frozen=True, slots=True)
class Commits:
    """What the batches of one run took."""

    wall_s: list[float]
    cpu_s: list[float]
    written_bytes: int
    records: int

    def line(self, name: str, stored_bytes: float) -> str:
        """One line of the table; the median batch, and the mean of what was written."""
        each = self.records / len(self.wall_s)
        wall, cpu = (statistics.median(times) / each * 1e6 for times in (self.wall_s, self.cpu_s))
        mean = sum(self.wall_s) / self.records * 1e6
        return (
            f"{name:<34}{wall:>10.3f}{cpu:>9.3f}{max(self.wall_s) * 1e3:>12.1f}"
            f"{self.written_bytes / len(self.wall_s):>15,.0f}{stored_bytes:>7.2f}"
            f"   mean {mean:.3f} us"
        )


@contextmanager
def store(folder: Path) -> Iterator[Engine]:
    """An empty store with one generation, or the one that is there."""
    engine = sqlite.open_for_writing(folder / "sfcrime.db")
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT OR IGNORE INTO generation VALUES "
                "(1, 'topic', 'id', NULL, 60, 1, '', '', 1, 0)"
            )
        )
    try:
        yield engine
    finally:
        engine.dispose()


def commit(engine: Engine, identities: Identities, keys: IdentityColumns) -> int:
    """One batch; how many were new."""
    with engine.begin() as connection:
        first = identities.first_copies(connection, keys)
        identities.add(connection, keys.take(first))
    identities.keep()
    return int(first.sum())


def held_by(engine: Engine, identities: Identities) -> int:
    """How many identities are held; read first where nothing is known yet."""
    with engine.begin() as connection:
        return identities.held(connection)


def measured(batches: list[IdentityColumns], take: Callable[[IdentityColumns], object]) -> Commits:
    """Each batch by itself; what makes them is not timed."""
    wall, cpu = [], []
    before = written_bytes()
    for batch in batches:
        started, cpu_started = time.perf_counter(), time.process_time()
        take(batch)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - cpu_started)
    return Commits(wall, cpu, written_bytes() - before, sum(len(batch) for batch in batches))


def written_bytes() -> int:
    """What this process handed to the system for writing so far."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def memory_mb() -> dict[str, float]:
    """This process's memory: all of it, and what is not mapped from a file."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if "kB" in line}
    return {name: int(found[name]) / 1024 for name in ("VmRSS", "RssAnon")}


def bytes_an_identity(engine: Engine, identities: int) -> float:
    """Pages of the tables of identities, without those that are free."""
    with engine.begin() as connection:
        used = connection.exec_driver_sql(
            "SELECT sum(pgsize) FROM dbstat WHERE name IN ('identity_block', 'plain')"
        ).scalar_one()
    return float(used or 0) / max(1, identities)


@click.group()
def main() -> None:
    """Measure the identities of the store."""


@main.command()
@click.option("--identities", default=2_000_000, show_default=True)
@click.option("--batch", default=250_000, show_default=True)
def forms(identities: int, batch: int) -> None:
    """A plain table WITHOUT ROWID against packed blocks."""
    click.echo(HEAD)
    for name in ("near-ordered", "random times"):
        batches = list(SHAPES[name](identities, batch))
        with TemporaryDirectory() as folder, store(Path(folder)) as engine:
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    "CREATE TABLE plain (time_key INTEGER, call_id INTEGER, "
                    "PRIMARY KEY (time_key, call_id)) WITHOUT ROWID"
                )
            found = measured(batches, partial(_plain, engine))
            click.echo(found.line(f"plain table, {name}", bytes_an_identity(engine, identities)))
        _run(f"packed, {name}", batches)


def _plain(engine: Engine, keys: IdentityColumns) -> None:
    ordered = keys.take(keys.order())
    rows = list(zip(ordered.time_keys.tolist(), ordered.call_ids.tolist(), strict=True))
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT OR IGNORE INTO plain VALUES (?, ?)", rows)


def _run(name: str, batches: list[IdentityColumns]) -> None:
    with TemporaryDirectory() as folder, store(Path(folder)) as engine:
        identities = Identities()
        identities.turn_to(1)
        found = measured(batches, lambda keys: commit(engine, identities, keys))
        click.echo(found.line(name, bytes_an_identity(engine, held_by(engine, identities))))
        again = measured(batches[-2:], lambda keys: commit(engine, identities, keys))
        click.echo(again.line("  the last two again, all repeats", 0))


@main.command()
@click.option("--identities", default=3_000_000, show_default=True)
@click.option("--batch", default=250_000, show_default=True)
@click.option("--only", type=click.Choice(sorted(SHAPES)))
def shapes(identities: int, batch: int, only: str | None) -> None:
    """Orders of ids and times, harmless and hostile."""
    click.echo(HEAD)
    for name, shape in SHAPES.items():
        if only in (None, name):
            _run(name, list(shape(identities, batch)))


@main.command()
@click.argument("shape", type=click.Choice(["near-ordered", "random times"]))
@click.option("--held", default=100_000_000, show_default=True)
@click.option("--live", default=1_000, show_default=True, help="Batches of 10 records.")
def large(shape: str, held: int, live: int) -> None:
    """Batches of 10, 1,000 and 250,000 records into a store that holds many identities."""
    with TemporaryDirectory() as folder:
        with store(Path(folder)) as engine:
            started = time.perf_counter()
            (_fill_in_order if shape == "near-ordered" else _fill_at_random)(engine, held)
            click.echo(f"filled in {time.perf_counter() - started:.0f} s")
        # In a process of its own, whose memory knows nothing of the filling.
        command = [sys.executable, __file__, "measure", folder, shape, str(held), str(live)]
        subprocess.run(command, check=True)


@main.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("shape")
@click.argument("held", type=int)
@click.argument("live", type=int)
def measure(folder: Path, shape: str, held: int, live: int) -> None:
    """Measure a store that was filled."""
    first = next(SHAPES[shape](1_000, 1_000, first=held))
    with TemporaryDirectory() as empty, store(Path(empty)) as engine:
        identities = Identities()
        commit(engine, identities, first)
        click.echo(f"memory with none held: {memory_mb()}")
    with store(folder) as engine:
        started = time.perf_counter()
        identities = Identities()
        identities.turn_to(1)
        held_by(engine, identities)
        opened = time.perf_counter() - started
        commit(engine, identities, first)
        click.echo(
            f"{held_by(engine, identities):,} held: opened in {opened:.2f} s, with a first batch "
            f"of 1,000 {time.perf_counter() - started:.2f} s; memory {memory_mb()}"
        )
        _measure_batches(engine, identities, SHAPES[shape], (held + 1_000, live))
        click.echo(
            f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB; "
            f"{bytes_an_identity(engine, held_by(engine, identities)):.2f} bytes an identity"
        )


def _measure_batches(
    engine: Engine, identities: Identities, shape: Shape, where: tuple[int, int]
) -> None:
    click.echo(HEAD)
    first, live = where
    for batch, count in ((10, live), (1_000, 200), (250_000, 12)):
        batches = list(shape(batch * count, batch, first=first))
        first += batch * count
        found = measured(batches, lambda keys: commit(engine, identities, keys))
        click.echo(found.line(f"{batch:,} a batch", 0) + f"   memory {memory_mb()}")


def _fill_in_order(engine: Engine, held: int) -> None:
    identities = Identities()
    identities.turn_to(1)
    for keys in near_ordered(held, 250_000):
        commit(engine, identities, keys)


def _fill_at_random(engine: Engine, held: int) -> None:
    """Every level full, as many commits would leave it, but written once."""
    bounds, cache, rng = IdentityBounds(), BlockCache(1), np.random.default_rng(7)
    levels, left, level = {}, held, 1
    while left:
        levels[level] = min(left, bounds.identities_of(level))
        left -= levels[level]
        level += 1
    span_us = 99 * 365 * 86_400_000_000
    with engine.begin() as connection:
        found = connection.exec_driver_sql("SELECT max(id) FROM identity_block").scalar_one()
    number = found or 0
    for level, identities in levels.items():
        start_us, step_us = 946_684_800_000_000.0, span_us / identities
        for at in range(0, identities, 1 << 20):
            steps = rng.exponential(step_us, min(1 << 20, identities - at))
            calls_us = (start_us + np.cumsum(steps)).astype(np.int64)
            start_us += float(steps.sum())
            ids = rng.integers(0, 10**18, len(steps))
            keys = IdentityColumns.of_calls(ids, calls_us)
            with engine.begin() as connection:
                number = _write_level(connection, keys, level, (number, bounds, cache))


def _write_level(
    connection: Connection,
    keys: IdentityColumns,
    level: int,
    state: tuple[int, IdentityBounds, BlockCache],
) -> int:
    number, bounds, cache = state
    held = Held(IdentityColumns.joined([]), (), (), number + 1)
    merging = Merging(connection, 1, held, bounds, cache)
    merging._write(keys.take(keys.order()), level)
    return merging.held.next_number - 1


if __name__ == "__main__":
    main()
