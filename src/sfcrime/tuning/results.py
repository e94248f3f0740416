"""What became of trials: lines of a file that only grows, so that a run can go on where it ended.

Two kinds of lines: a setup (machine, versions, workload, base), and a trial that names its setup.
Trials of one setup can be compared; those of another are left aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sfcrime.tuning.knobs import Query, configuration_name
from sfcrime.tuning.plan import Kind, Sort, Trial
from sfcrime.tuning.scales import Workload

RESULTS_FILE = "trials.jsonl"


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
    query: Query = Query.PRODUCT
    """Files of earlier versions do not name it."""
    changes: dict[str, str]
    kind: Kind
    run: int
    at: str
    """When it began, ISO 8601, UTC."""
    seconds: float
    failure: str = ""
    """Why it gave no figures; empty where it did."""
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
    cpu_share: float | None = None
    """Of a paced trial: cores kept busy by the process tree."""
    peak_mb: float | None = None
    """Each kind of process at its own peak (driver JVM, Python workers, sfcrime), together."""
    others_share: float = 0.0
    """Of all CPU time used meanwhile, how much was spent by anything else but this trial and the
    lab's broker."""
    cells: str = ""
    """Digest of all that was counted (every cell of the product, every group of the exercise),
    where it is the whole topic."""

    @property
    def name(self) -> str:
        return configuration_name(self.changes)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a results file holds for its newest setup, or a given one."""

    setup: Setup | None
    trials: Sequence[TrialResult]
    left_aside: int
    """Trials of other setups."""

    def has(self, trial: Trial) -> bool:
        """Whether the trial was run, whatever became of it."""
        wanted = (trial.query, trial.name, trial.kind, trial.run)
        return any((each.query, each.name, each.kind, each.run) == wanted for each in self.trials)


def read_results(path: Path, wanted: Setup | None = None) -> Recorded:
    """The trials of one setup: of `wanted`, else of the newest in the file.

    A line that was cut off by a kill is passed over: its trial counts as not run.
    """
    setups: list[Setup] = []
    trials: list[TrialResult] = []
    lines = path.read_bytes().splitlines() if path.is_file() else []
    for line in lines:
        try:
            found = msgspec.json.decode(line, type=Setup | TrialResult)
        except msgspec.DecodeError:
            continue
        if isinstance(found, Setup):
            setups.append(found)
        else:
            trials.append(found)
    setup = wanted or (setups[-1] if setups else None)
    digest = setup.digest if setup else ""
    own = [trial for trial in trials if trial.setup == digest]
    return Recorded(setup, own, len(trials) - len(own))


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


def ran(results: Sequence[TrialResult]) -> dict[Sort, list[float]]:
    """How long the trials of each sort took, in seconds."""
    found: dict[Sort, list[float]] = {}
    for each in results:
        found.setdefault((each.query, each.kind), []).append(each.seconds)
    return found


def as_setup_machine(described: Mapping[str, str | int]) -> dict[str, str | int]:
    """A machine without the moment at which it was described: two runs on it share their setup."""
    return {name: value for name, value in described.items() if name != "taken"}
