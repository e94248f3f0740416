"""The exercise's query under a trial: `exercise/data_stream.py`, and the lines that it reports."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

import sfcrime
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import UsageError
from sfcrime.jvm.jars import resolve_jars
from sfcrime.machine.child import Child, start_child
from sfcrime.pipeline.supervisor import environment_of_part
from sfcrime.settings import Settings
from sfcrime.tuning.figures import TrialFailed
from sfcrime.tuning.measure import Count, CountedBatch, Covered

PROGRAM = Path("exercise") / "data_stream.py"
_UNHEARD_S = 3.0
_SECOND_STOP_S = 10.0


class _BatchLine(msgspec.Struct, frozen=True):
    """A batch that Spark has committed, and the totals behind it."""

    batch_id: int
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
    """Digest of all groups behind the last batch."""


@dataclass(frozen=True, slots=True)
class ExerciseQuery:
    """A `data_stream.py` that was started."""

    child: Child
    reports: Path

    def reached(self) -> tuple[int, int]:
        """Records and batches that it has reported so far."""
        batches, _ = _lines(self.reports)
        return sum(batch.records for batch in batches), len(batches)

    def stop(self, grace_s: float) -> int:
        """Ends it behind the batch in hand; its exit code. Repeatable.

        `spark-submit` asks the program to end at the first signal, and ends it at the second. The
        first may come before the program is there to hear it; then there is no batch to wait for.
        """
        if self.child.is_running():
            os.kill(self.child.pid, signal.SIGTERM)
            _, batches = self.reached()
            self.child.wait(grace_s if batches else _UNHEARD_S)
        return self.child.stop(_SECOND_STOP_S)

    def count(self) -> Count:
        """What it came to, once it has ended.

        Raises:
            TrialFailed: it reported no batch.
        """
        return count_of_reports(self.reports)


def exercise_program(package: Path | None = None) -> Path:
    """The exercise's program, which lies in the project and not in the installed package.

    Args:
        package: the folder of the package; this one's where None.

    Raises:
        UsageError: it is not beside the package.
    """
    folder = package or Path(sfcrime.__file__).resolve().parent
    found = folder.parents[1] / PROGRAM
    if not found.is_file():
        raise UsageError(
            f"The exercise's query is not here: there is no {found}.",
            rule="The tuning lab measures the exercise's query by running the project's own "
            f"{PROGRAM}; an installed package does not have it.",
            next_step="run it from a checkout of the project, or leave the exercise's query out: "
            "--query product",
        )
    return found


def start_exercise(settings: Settings, options: Sequence[str]) -> ExerciseQuery:
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
    return ExerciseQuery(child, reports)


def count_of_reports(path: Path) -> Count:
    """A count as the program reports it.

    Raises:
        TrialFailed: it reported no batch.
    """
    batches, digest = _lines(path)
    if not batches:
        raise TrialFailed("it reported no batch")
    covered, reached = list[Covered](), dict[int, int]()
    for batch in batches:
        covered += _covered(batch, reached)
        reached.update(batch.ends)
    last = batches[-1]
    return Count(
        started_ms=batches[0].started_ms,
        batches=[CountedBatch(each.batch_id, each.records, _done_ms(each)) for each in batches],
        covered=covered,
        starts=dict.fromkeys(reached, 0),  # what was read from elsewhere makes other sums
        ends=reached,
        accounting=Accounting(
            read=sum(batch.records for batch in batches),
            counted=last.counted,
            duplicate=sum(batch.repeats for batch in batches),
            rejected=last.set_aside,
        ),
        calls=last.counted,
        digest=digest,
    )


def _covered(batch: _BatchLine, reached: Mapping[int, int]) -> list[Covered]:
    return [
        Covered(partition, reached.get(partition, 0), end, _done_ms(batch))
        for partition, end in batch.ends.items()
        if end > reached.get(partition, 0)
    ]


def _done_ms(batch: _BatchLine) -> int:
    return batch.started_ms + batch.duration_ms


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
