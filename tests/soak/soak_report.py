"""The result of a soak as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lives import Cut
from readings import JVM_ROLES, ROLES
from rich.console import Console
from rich.table import Table
from soak_figures import Figure
from watched_run import Soak

from sfcrime.machine.description import described_machine

_WHAT = ("memory MB", "PSS MB", "USS MB", "RSS MB", "descriptors", "threads")


def show(figures: Sequence[Figure], console: Console) -> None:
    table = Table("Figure", "Found", "Must be", "")
    for each in figures:
        table.add_row(each.name, each.found, each.limit, each.verdict.value)
    console.print(table)


def show_levels(soak: Soak, cut: Cut, console: Console) -> None:
    """What each role held after the warm-up, in the end, and at most."""
    table = Table("After the warm-up, in the end, at most", *_WHAT)
    for role in (*ROLES, *JVM_ROLES):
        cells = []
        for what in _WHAT:
            readings = soak.series.get(f"{role}: {what}", [])
            values = [each.value for each in readings if each.at_s >= cut.warm_up_s]
            some = [values[0], values[-1], max(values)] if values else []
            cells.append(" / ".join(f"{each:.0f}" for each in some))
        table.add_row(role, *cells)
    console.print(table)


def write(out: Path, soak: Soak, figures: Sequence[Figure], facts: Mapping[str, object]) -> None:
    """Everything as JSON: figures first, every reading last."""
    readings = {
        name: [[round(e.at_s), e.life, round(e.age_s), round(e.value, 3)] for e in those]
        for name, those in soak.series.items()
    }
    document = {
        "machine": described_machine(),
        **facts,
        "starts_of_the_run": soak.service.starts,
        "ended_by_itself": soak.service.ended_by_itself,
        "kills": [asdict(each) for each in soak.kills],
        "figures": [asdict(each) for each in figures],
        "readings (at s, life, age s, value)": readings,
    }
    out.write_text(json.dumps(document) + "\n", encoding="utf-8")
