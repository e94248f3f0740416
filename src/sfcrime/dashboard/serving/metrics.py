"""What Prometheus is told: the accounts, the lag, the newest batch, who listens.

Everything is read from the newest `Seen` when it is asked for. Labels are outcomes, reasons,
partitions and phases; call types never are, so the number of series is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sfcrime import __version__
from sfcrime.dashboard.answers.records import State
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.domain.outcomes import Outcome, Reason
from sfcrime.domain.wall_clock import instant_of
from sfcrime.store.records import BatchProgress

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Server:
    """What the server itself has to tell."""

    clients: int
    """Of the event stream."""
    snapshots: int
    dropped: int
    """Clients that did not take what was sent to them."""
    restarts: int
    """How often the store was read anew."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """Everything that one answer is made of."""

    seen: Seen | None
    state: State | None
    server: Server


def metrics_text(scrape: Scrape) -> bytes:
    """The answer in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Collected(scrape))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, scrape: Scrape) -> None:
        self._scrape = scrape

    def collect(self) -> Iterator[Metric]:
        yield from _of_server(self._scrape.server)
        if self._scrape.seen is not None:
            yield from _of_accounts(self._scrape.seen)
            newest = self._scrape.seen.progress[-1:]
            for batch in newest:
                yield from _of_batch(batch)
        if self._scrape.state is not None:
            yield from _of_state(self._scrape.state)


def _of_server(server: Server) -> Iterator[Metric]:
    yield _gauge("build_info", "The version that serves this.", [({"version": __version__}, 1)])
    yield _gauge("event_clients", "Clients of the event stream.", [({}, server.clients)])
    yield _counter("event_snapshots", "Snapshots made for the stream.", [({}, server.snapshots)])
    yield _counter(
        "event_clients_dropped",
        "Clients of the event stream that did not take what was sent.",
        [({}, server.dropped)],
    )
    yield _counter("store_restarts", "How often the store was read anew.", [({}, server.restarts)])


def _of_accounts(seen: Seen) -> Iterator[Metric]:
    accounts, totals = seen.totals.accounting, seen.totals
    yield _counter(
        "records",
        "Records by outcome since counting began; together they are all that were read.",
        [({"outcome": each.value}, getattr(accounts, each.value)) for each in Outcome],
    )
    yield _counter("gaps", "Offsets without a record.", [({}, accounts.gaps)])
    yield _counter(
        "rejected",
        "Rejected records by the rule that they broke.",
        [({"reason": each.value}, seen.rejected_by_reason.get(each.value, 0)) for each in Reason],
    )
    yield _counter("batches", "Committed batches.", [({}, totals.batches)])
    yield _gauge(
        "offset",
        "First offset of a partition that was not read yet.",
        [({"partition": str(each.partition)}, each.end) for each in seen.partitions],
    )
    if totals.newest_call_us is not None:
        yield _gauge(
            "newest_call_timestamp_seconds",
            "Call time of the newest call: event time has come so far.",
            [({}, instant_of(totals.newest_call_us) / 1000)],
        )
    if totals.committed_ms is not None:
        yield _gauge(
            "committed_timestamp_seconds",
            "When the newest batch was committed.",
            [({}, totals.committed_ms / 1000)],
        )


def _of_state(state: State) -> Iterator[Metric]:
    yield _gauge("stale", "1 where the numbers are stale.", [({}, int(state.state == "stale"))])
    yield _counter("job_starts", "How often a job was started on the store.", [({}, state.starts)])
    yield _gauge(
        "lag_known",
        "1 where the cluster said how long the topic is.",
        [({}, state.lag is not None)],
    )
    if state.parts:
        yield _gauge(
            "part_up",
            "1 while a part of the run works or is done.",
            [({"part": each.name}, each.state in ("up", "done")) for each in state.parts],
        )
        yield _counter(
            "part_restarts",
            "How often a part was started again since the run began.",
            [({"part": each.name}, each.restarts) for each in state.parts],
        )
    if state.lag_by_partition is not None:
        yield _gauge(
            "lag_records",
            "Offsets of the topic that no batch has read.",
            [({"partition": str(n)}, lag) for n, lag in sorted(state.lag_by_partition.items())],
        )


def _of_batch(batch: BatchProgress) -> Iterator[Metric]:
    yield _gauge("batch_duration_seconds", "Of the newest batch.", [({}, batch.duration_ms / 1000)])
    yield _gauge(
        "batch_phase_seconds",
        "Time of the newest batch by phase; phases overlap.",
        [({"phase": name}, ms / 1000) for name, ms in sorted(batch.phases_ms.items())],
    )
    yield _gauge("batch_input_rows", "Records of the newest batch.", [({}, batch.input_rows)])
    yield _gauge(
        "batch_input_rows_per_second",
        "Records that came per second.",
        [({}, batch.input_rows_per_s)],
    )
    yield _gauge(
        "batch_processed_rows_per_second",
        "Records that were worked off per second.",
        [({}, batch.processed_rows_per_s)],
    )


_Samples = Iterable[tuple[dict[str, str], float]]


def _gauge(name: str, meaning: str, samples: _Samples) -> Metric:
    metric = GaugeMetricFamily(f"sfcrime_{name}", meaning)
    for labels, value in samples:
        metric.add_sample(metric.name, labels, value)
    return metric


def _counter(name: str, meaning: str, samples: _Samples) -> Metric:
    metric = CounterMetricFamily(f"sfcrime_{name}", meaning)
    for labels, value in samples:
        metric.add_sample(f"{metric.name}_total", labels, value)
    return metric
