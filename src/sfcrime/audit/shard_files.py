"""What the machines of an audit leave for each other: a folder for each shard, whole or not at all.

Beside its rows a shard has a mark, which says what they are of and what each file holds. What does
not fit the plan, is not whole, is there twice or not at all, is named and never counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from errno import EIO
from pathlib import Path

import msgspec

from sfcrime.audit.plan_file import SHARDS_FOLDER, translated
from sfcrime.audit.shard_plan import ShardPlan, differing
from sfcrime.audit.shares import SHARE_FILE, OffsetRange, ShareResult, of_later_share
from sfcrime.audit.spill import Spill
from sfcrime.errors import ShardRefused
from sfcrime.machine.own_folder import remove_folder
from sfcrime.machine.sealed_files import BrokenSeal, open_sealed, sealed
from sfcrime.machine.whole_files import write_whole
from sfcrime.machine.whole_folders import (
    PARTIAL,
    FileFacts,
    OnBytes,
    copy_file,
    facts_of,
    whole_folder,
)

MARK_FILE = "shard.json"


class ShardMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file `shard.json`."""

    number: int
    """From 1."""
    plan: ShardPlan
    results: tuple[ShareResult, ...]
    """Of the processes that read it, in the order of (partition, offset)."""
    files: dict[str, FileFacts]
    """The rows, as the processes named their files."""
    seal: str = ""

    @property
    def read(self) -> int:
        """Records."""
        return sum(each.read for result in self.results for each in result.slices)

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(each.size for each in self.files.values())


@dataclass(frozen=True, slots=True)
class Shard:
    """One machine's part of a plan."""

    folder: Path
    """Of plan and shards."""
    plan: ShardPlan
    number: int
    """From 1."""

    @property
    def place(self) -> Path:
        """Its own folder, there or not."""
        return self.folder / f"shard-{self.number}-of-{self.plan.shards}"

    @property
    def ranges(self) -> dict[int, OffsetRange]:
        return self.plan.ranges_of_shards[self.number - 1]

    def __str__(self) -> str:
        return f"shard {self.number} of {self.plan.shards}"


def shards_of(folder: Path, plan: ShardPlan) -> list[Shard]:
    """All shards of the plan in a folder, there or not."""
    return [Shard(folder, plan, number) for number in range(1, plan.shards + 1)]


def keep_shard(shard: Shard, results: Sequence[ShareResult], spill: Spill) -> ShardMark:
    """Copies what was counted of a shard to where all machines see it, in place of what is there.

    Args:
        shard: was counted.
        results, spill: what it came to.

    Raises:
        Unreachable: it cannot be written there.
        AlreadyRunning: another process keeps the same shard.
    """
    with (
        translated(shard.folder),
        whole_folder(shard.place, SHARDS_FOLDER, "shard") as content,
    ):
        files = {
            name: copy_file(spill.folder / name, content / name, lambda _: None)
            for name in spill.sizes
        }
        for name, each in files.items():
            if each.size != spill.sizes[name]:
                raise OSError(EIO, f"the file {spill.folder / name} lacks what was written to it")
        mark = ShardMark(number=shard.number, plan=shard.plan, results=tuple(results), files=files)
        write_whole(content / MARK_FILE, sealed(mark))
        remove_folder(shard.place)
    return mark


class BrokenShard(Exception):
    """What is wrong with a shard's folder, to follow its name in a sentence."""


def read_mark(place: Path, plan: ShardPlan) -> ShardMark:
    """The mark of a shard's folder; its files are not looked at.

    Raises:
        BrokenShard: it has none, or one of another plan.
    """
    try:
        mark = open_sealed((place / MARK_FILE).read_bytes(), ShardMark)
    except OSError as error:
        raise BrokenShard(f"has no {MARK_FILE} that can be read ({error.strerror})") from error
    except BrokenSeal as error:
        raise BrokenShard(f"is damaged at {MARK_FILE}: {error}") from error
    names = [name for name in ShardPlan.__struct_fields__ if name != "seal"]
    said = [f"{name} is {its}, not {due}" for name, its, due in differing(mark.plan, plan, names)]
    if said:
        raise BrokenShard(f"is of another audit: {'; '.join(said)}")
    read = sorted(
        (each.partition, each.start, each.end) for result in mark.results for each in result.slices
    )
    shards = {each.number: each for each in shards_of(place.parent, plan)}
    if mark.number not in shards or _joined(read) != shards[mark.number].ranges:
        raise BrokenShard(f"did not read the offsets of shard {mark.number}")
    if not all(map(SHARE_FILE.fullmatch, mark.files)):
        raise BrokenShard(f"names other files in {MARK_FILE} than a shard has")
    return mark


def require_whole(place: Path, mark: ShardMark, on_bytes: OnBytes = lambda _: None) -> None:
    """Reads every file of a shard.

    Args:
        place: its folder.
        mark: lies in it.
        on_bytes: told how many more bytes were read.

    Raises:
        BrokenShard: naming the first file that is not what was written.
    """
    for name, due in mark.files.items():
        try:
            found = facts_of(place / name, on_bytes)
        except OSError as error:
            raise BrokenShard(f"lacks {name} ({error.strerror})") from error
        if found.size != due.size:
            raise BrokenShard(
                f"is cut off: {name} has {found.size:,} bytes, and had {due.size:,} when it was "
                "written"
            )
        if found != due:
            raise BrokenShard(f"is damaged: {name} is not what was written (SHA-256)")


def _joined(slices: Sequence[tuple[int, int, int]]) -> dict[int, OffsetRange] | None:
    """By partition what lies between the first and the last offset; None where there is a hole, or
    an offset twice."""
    joined: dict[int, OffsetRange] = {}
    for partition, start, end in slices:
        before = joined.get(partition)
        if before is not None and before.end != start:
            return None
        joined[partition] = OffsetRange(start if before is None else before.start, end)
    return joined


def whole_shards(
    folder: Path, plan: ShardPlan, progress: Callable[[int, int], None] = lambda done, due: None
) -> list[tuple[Path, ShardMark]]:
    """The shards of a plan with their folders, each once and whole, by number.

    Args:
        folder: of plan and shards.
        plan: lies in it.
        progress: told (done, due), in bytes.

    Raises:
        ShardRefused: naming every one that is left out, there twice, not whole or of another plan.
        Unreachable: the folder cannot be read.
    """
    found, broken = list[tuple[Path, ShardMark]](), dict[Path, str]()
    for place in _folders(folder):
        try:
            found.append((place, read_mark(place, plan)))
        except BrokenShard as error:
            broken[place] = str(error)
    due, done = sum(mark.size for _, mark in found), 0

    def more(size: int) -> None:
        nonlocal done
        done += size
        progress(done, due)

    for place, mark in found:
        try:
            require_whole(place, mark, more)
        except BrokenShard as error:
            broken[place] = str(error)
    said = [f"{place.name} {what}" for place, what in sorted(broken.items())]
    for shard in shards_of(folder, plan):
        places = [place.name for place, mark in found if mark.number == shard.number]
        if len(places) > 1:
            said.append(f"{shard} is there {len(places)} times: {', '.join(places)}")
        elif not places and shard.place not in broken:
            said.append(f"{shard} is left out")
    if said:
        raise ShardRefused(
            f"The shards in {folder} are no whole audit: {'; '.join(said)}.",
            next_step="remove what is damaged, there again or of another audit, and count what is "
            f"left out: sfcrime audit --shard i/{plan.shards} --work-dir {folder.parent}",
        )
    return sorted(found, key=lambda each: each[1].number)


def _folders(folder: Path) -> list[Path]:
    with translated(folder):
        return sorted(each for each in folder.iterdir() if each.is_dir() and each.suffix != PARTIAL)


def borrow(
    spill: Spill, shards: Sequence[tuple[Path, ShardMark]], before: int
) -> Iterator[ShareResult]:
    """Lets a spill have the files of shards, as those of shares that follow others.

    Args:
        spill: takes them.
        shards: with their folders.
        before: how many shares it has.

    Returns:
        what the shares of all shards came to.
    """
    for place, mark in shards:
        for name, each in mark.files.items():
            spill.borrow(of_later_share(name, before), (place / name).resolve(), each.size)
        before += len(mark.results)
        yield from mark.results
