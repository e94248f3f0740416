"""What became of trials: lines of a file that only grows, so that a run can go on where it ended.

Two kinds of lines: a setup (machine, versions, workload, base), and a trial that names its setup.
Trials of one setup can be compared; those of another are left aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import msgspec

from sfcrime.tuning.knobs import Query, configuration_name
from sfcrime.tuning.plan import Kind, Trial, Workload

RESULTS_FILE = "trials.jsonl"
_AROUND_S = 13.0
"""What a trial needs besides: 7 s to the first commit, 1 s to stop, up to 2 s to check the count,
and with the exercise's query 6 s more, as `spark-submit` has no start-up cache; in the mean."""


class Setup(msgspec.Struct, frozen=True, tag="setup", tag_field="line"):
    """What all trials of a run have in common."""

    machine: dict[str, str | int]
    """Machine and versions."""
    workload: Workload
    base: dict[Query, dict[str, str]]
    """What each query's knobs are set to where nothing is changed."""
    settings: dict[str, str]
    """Every setting of the base that can shape a figure, as environment variables."""
    source: str

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that two setups share iff they are equal."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:12]


class TrialResult(msgspec.Struct, frozen=True, kw_only=True, tag="trial", tag_field="line"):
    """One trial and what was measured; None where this kind of trial does not measure it."""

    setup: str
    """Digest of its setup."""
    query: Query
    changes: dict[str, str]
    kind: Kind
    run: int
    at: str
    """When it began, ISO 8601, UTC."""
    seconds: float
    failure: str = ""
    """Why it gave no figures; empty where it did."""
    log: str = ""
    """The last lines of the query's log, where it ended by itself."""
    read: int = 0
    batches: int = 0
    warm_per_s: float | None = None
    """Records a second without the warm-up; None as well where nothing else was left."""
    whole_per_s: float | None = None
    """Records a second from the start of the first batch, warm-up included."""
    cpu_us: float | None = None
    """CPU microseconds a record, of the whole process tree, over the warm stretch (the whole one
    where there is no warm one)."""
    p50_ms: float | None = None
    p99_ms: float | None = None
    latencies: int | None = None
    """How many records the two percentiles are of."""
    peak_mb: float | None = None
    """All its processes (driver JVM, Python workers, sfcrime) together, at one moment."""
    others_share: float = 0.0
    """Of all CPU time used meanwhile, how much was spent by anything else but this trial and the
    lab's broker."""
    cells: str = ""
    """Digest of all that was counted (every cell of the product, every group of the exercise),
    where it is the whole topic."""

    @property
    def name(self) -> str:
        return configuration_name(self.changes)


def read_results(path: Path, wanted: Setup | None = None) -> tuple[Setup | None, list[TrialResult]]:
    """A setup, `wanted` or else the newest in the file, and its trials.

    A line that was cut off by a kill, or is of an earlier version, is passed over: its trial counts
    as not run.
    """
    setup, trials = wanted, list[TrialResult]()
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            found = msgspec.json.decode(line, type=Setup | TrialResult)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(found, TrialResult):
            trials.append(found)
        elif wanted is None:
            setup = found
    digest = setup.digest if setup else ""
    return setup, [trial for trial in trials if trial.setup == digest]


def not_run(trials: Sequence[Trial], results: Sequence[TrialResult]) -> list[Trial]:
    """Those of the trials that were not run; whatever became of one, it was."""
    ran = {(each.query, each.name, each.kind, each.run) for each in results}
    return [t for t in trials if (t.query, t.name, t.kind, t.run) not in ran]


def append_line(path: Path, line: Setup | TrialResult) -> None:
    """Adds a line; one that was cut off before it is closed first."""
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(msgspec.json.encode(line) + b"\n")


def checked_against(result: TrialResult, earlier: Sequence[TrialResult]) -> TrialResult:
    """The result, or a failure where it counted other cells than its query's first whole count."""
    own = [each for each in earlier if each.query is result.query]
    first = next((each for each in own if each.cells and not each.failure), None)
    if not result.cells or result.failure or first is None or first.cells == result.cells:
        return result
    failure = f"it counted other cells than the trial of {first.at} ({first.name}, run {first.run})"
    return msgspec.structs.replace(result, failure=failure)


def seconds_left(waiting: int, results: Sequence[TrialResult], workload: Workload) -> float:
    """How long so many trials will take: each as long as those that are over did in the mean, and
    where there are none, as is usual on two cores."""
    took = [each.seconds for each in results]
    usual = _AROUND_S + workload.paced_warm_s + workload.paced_s
    return waiting * (fmean(took) if took else usual)
