"""The report's evidence for one query: what each change does, the grid, throughput against
latency. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.tuning.choice import pareto_front, points
from sfcrime.tuning.document import Block, Heading, Paragraph, Picture, Table
from sfcrime.tuning.effects import (
    LATENCY_P50,
    LATENCY_P99,
    MEASURES,
    THROUGHPUT,
    Comparison,
    Group,
)
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.plots import EffectPanel, GridCells, effects_plot, grid_plot, pareto_plot
from sfcrime.tuning.wording import (
    PROGRAMS,
    QUERIES,
    effect_text,
    figure,
    setting_text,
    size,
    value_text,
)

_SIZE, _SHUFFLE, _TRIGGER = "max_records_per_batch", "shuffle_partitions", "trigger_ms"
_PARETO = (THROUGHPUT, LATENCY_P50, LATENCY_P99)
_NEARLY = 0.9
"""Of what the trigger allows: the pause between batches is the bound, not the work."""


def evidence(comparison: Comparison, base: Mapping[str, str], query: Query) -> list[Block]:
    """The part of the report that shows everything that was measured of a query."""
    if not comparison.groups:
        return []
    return [
        Heading(f"What each change does to {QUERIES[query]}"),
        *_effects(comparison, base, query),
        *_grid(comparison, base, query),
        *_pareto(comparison, query),
    ]


def _effects(comparison: Comparison, base: Mapping[str, str], query: Query) -> list[Block]:
    others = sorted((group for group in comparison.groups.values() if group.changes), key=_place)
    rows = []
    for group in others:
        effects = [effect_text(comparison.effect_on_base(group, each)) for each in MEASURES]
        rows.append([setting_text(group.name), *effects, note(group, base)])
    blocks: list[Block] = [
        Paragraph(
            f"Trials of {QUERIES[query]}, {PROGRAMS[query]}, relative to its base, with 99% "
            "intervals (bootstrap over the residuals of all of them). “No measurable effect” means "
            "that the interval contains 1."
        ),
        Table((_header(query), *(each.name for each in MEASURES), "Note"), rows),
    ]
    panels = []
    for measure in (THROUGHPUT, LATENCY_P50):
        pairs = [(g.name, comparison.effect_on_base(g, measure)) for g in others]
        known = [(name, effect) for name, effect in pairs if effect is not None]
        if known:
            better = "more" if measure.more_is_better else "less"
            title = f"{measure.name} of {QUERIES[query]}, relative to its base "
            title += f"({better} is better)"
            panels.append(EffectPanel(title, known))
    if panels:
        title = (
            f"Effects on {QUERIES[query]} with their intervals: green is better than the base, "
            "red is worse, grey is no measurable effect, ochre too few repeats to tell"
        )
        blocks.append(Picture(f"{query}-effects.svg", title, effects_plot(panels)))
    return blocks


def _header(query: Query) -> str:
    return f"Setting of {QUERIES[query]}"


def _place(group: Group) -> tuple[int, list[tuple[str, float, str]]]:
    """One change before several; values of one setting together, by size."""
    changes = sorted(group.changes.items())
    return len(changes), [(key, size(value), value) for key, value in changes]


def _grid(comparison: Comparison, base: Mapping[str, str], query: Query) -> list[Block]:
    """Throughput by records a trigger and shuffle partitions, where several of both were tried."""
    if _SHUFFLE not in base:
        return []
    cells = grid_cells(comparison, base)
    if len(cells.columns) < 2 or len(cells.rows) < 2:
        return []
    title = f"Throughput of {QUERIES[query]} in records a second"
    header = ("Shuffle partitions", *(f"{each} records a trigger" for each in cells.columns))
    rows = [
        [name, *(figure(value) for value in values)]
        for name, values in zip(cells.rows, cells.values, strict=True)
    ]
    return [
        Heading(f"The grid of {QUERIES[query]}: records a trigger by shuffle partitions", 3),
        Picture(f"{query}-grid.svg", title, grid_plot(cells, title)),
        Table(header, rows),
    ]


def grid_cells(comparison: Comparison, base: Mapping[str, str]) -> GridCells:
    """Medians of the configurations that change nothing but the two settings of the grid."""
    found: dict[tuple[str, str], float | None] = {}
    for group in comparison.groups.values():
        if not set(group.changes) - {_SIZE, _SHUFFLE}:
            place = (
                group.changes.get(_SHUFFLE, base[_SHUFFLE]),
                group.changes.get(_SIZE, base[_SIZE]),
            )
            found[place] = group.median(THROUGHPUT)
    rows = sorted({row for row, _ in found}, key=size)
    columns = sorted({column for _, column in found}, key=size)
    values = [[found.get((row, column)) for column in columns] for row in rows]
    return GridCells([value_text(each) for each in columns], rows, values)


def _pareto(comparison: Comparison, query: Query) -> list[Block]:
    all_points = points(comparison)
    if len(all_points) < 2:
        return []
    front = pareto_front(all_points)
    groups = comparison.groups
    rows = [
        [
            setting_text(point.name),
            figure(point.throughput, "records/s"),
            figure(point.latency_ms, "ms"),
            figure(groups[point.name].median(LATENCY_P99), "ms"),
            _beside_base(comparison, groups[point.name]),
        ]
        for point in front
    ]
    title = f"Throughput against latency of {QUERIES[query]}"
    picture = pareto_plot(all_points, front, title)
    return [
        Heading(title, 3),
        Picture(f"{query}-pareto.svg", f"{title}: the line joins the Pareto front", picture),
        Paragraph("No other configuration beats these in one figure without losing in the other:"),
        Table((_header(query), *(each.name for each in _PARETO), "Beside the base"), rows),
        Paragraph("What does not measurably differ from the base is on the line by luck."),
    ]


def _beside_base(comparison: Comparison, group: Group) -> str:
    told = [
        f"{measure.name}: {found.verdict}"
        for measure in (THROUGHPUT, LATENCY_P50)
        if group.changes and (found := comparison.effect_on_base(group, measure)) is not None
    ]
    return "; ".join(told)


def note(group: Group, base: Mapping[str, str]) -> str:
    """What has to be known beside a configuration's figures; mostly nothing."""
    notes = [f"{len(group.failures)} failed"] if group.failures else []
    bound, pause = ({**base, **group.changes}[key] for key in (_SIZE, _TRIGGER))
    throughput = group.median(THROUGHPUT)
    if throughput and throughput * float(pause) >= _NEARLY * size(bound) * 1000:
        notes.append(f"as fast as its trigger allows: {bound} records every {pause} ms")
    if group.is_cold:
        notes.append("throughput with the warm-up: one batch took everything")
    return "; ".join(notes)
