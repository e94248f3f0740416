"""What `sfcrime audit --shard` is asked for, and what it prints."""

from __future__ import annotations

import re
from shlex import quote
from typing import Any

import click

from sfcrime.audit.run_shards import CountedShard
from sfcrime.audit.shard_plan import MOST_SHARDS
from sfcrime.audit.shares import offsets_of
from sfcrime.cli.output import print_json, print_lines
from sfcrime.domain.wall_clock import instant_iso
from sfcrime.errors import UsageError
from sfcrime.settings import Settings

_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


def shard_asked_for(settings: Settings, shard: str | None, combine: bool) -> tuple[int, int] | None:
    """Number and count of the shard that is to be read; None for a whole audit.

    Raises:
        UsageError: flags that do not go together, a shard that cannot be, or no work folder.
    """
    if shard is not None and combine:
        raise UsageError(
            "--shard and --combine cannot go together.",
            rule="Each machine reads its shard; one of them combines when all are there.",
            next_step="leave one of them out",
        )
    if shard is None and not combine:
        if click.get_current_context().params["audit__work_dir"] is not None:
            raise UsageError(
                "--work-dir says where many machines share an audit, and this is a whole one.",
                rule="A whole audit keeps what it reads where TMPDIR says.",
                next_step="add --shard i/n or --combine, or leave it out",
            )
        return None
    if not settings.audit.work_dir:
        raise UsageError(
            "There is no folder in which machines share the audit.",
            rule="What they read lies in one that all of them see.",
            next_step="name it with --work-dir, for example --work-dir /shared",
        )
    return None if shard is None else _parsed(shard)


def _parsed(shard: str) -> tuple[int, int]:
    found = _SHARD.fullmatch(shard)
    number, shards = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= shards <= MOST_SHARDS:
        raise UsageError(
            f"--shard cannot be {shard!r}.",
            rule=f"It takes i/n: shard i, from 1 to n, of n, at most {MOST_SHARDS}.",
            next_step="for example --shard 1/3",
        )
    return number, shards


def print_shard(counted: CountedShard, *, as_json: bool) -> None:
    """What a machine has read, and what is left to be done."""
    if as_json:
        print_json(_as_json(counted))
    else:
        print_lines(_as_lines(counted))


def _as_json(counted: CountedShard) -> dict[str, Any]:
    shard = counted.shard
    return {
        "shard": shard.number,
        "shards": shard.plan.shards,
        "planned_at": instant_iso(shard.plan.planned_ms),
        "topic": shard.plan.topic,
        "offsets": {
            str(partition): {"start": span.start, "end": span.end}
            for partition, span in shard.ranges.items()
        },
        "read": counted.mark.read,
        "bytes": counted.mark.size,
        "was_there": counted.was_there,
        "missing": counted.missing,
    }


def _as_lines(counted: CountedShard) -> list[str]:
    shard, missing = counted.shard, counted.missing
    plan = shard.plan
    ranges = shard.ranges
    spans = ", ".join(f"{number}:{span.start:,}-{span.end:,}" for number, span in ranges.items())
    done = "was there already" if counted.was_there else "is there"
    lines = [
        f"Shard {shard.number} of {plan.shards} {done}: {counted.mark.read:,} records at "
        f"{offsets_of(ranges):,} offsets of {plan.topic} ({spans or 'none'}), in {shard.place}."
    ]
    if missing:
        left = ", ".join(f"{number}/{plan.shards}" for number in missing)
        lines.append(f"Left: --shard {left}.")
    else:
        lines.append(
            "All shards are there. Next: sfcrime audit --combine --work-dir "
            f"{quote(str(shard.folder.parent))}"
        )
    return lines
