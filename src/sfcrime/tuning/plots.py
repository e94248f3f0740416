"""The report's plots, as SVG text: the same bytes for the same figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sfcrime.tuning.choice import Point
from sfcrime.tuning.effects import Effect, Verdict

_COLOURS = {
    Verdict.BETTER: "#1a7f4b",
    Verdict.WORSE: "#b3261e",
    Verdict.NONE: "#6b7280",
    Verdict.UNKNOWN: "#b7791f",
}


@dataclass(frozen=True, slots=True)
class EffectPanel:
    """One measure's effects, by configuration."""

    title: str
    effects: Sequence[tuple[str, Effect]]


@dataclass(frozen=True, slots=True)
class GridCells:
    """Throughput by shuffle partitions (rows) and records a trigger (columns)."""

    columns: Sequence[str]
    rows: Sequence[str]
    values: Sequence[Sequence[float | None]]
    """None: was not measured."""


def effects_plot(panels: Sequence[EffectPanel]) -> str:
    """Ratios to the base on a logarithmic axis, with their intervals."""
    longest = max((len(panel.effects) for panel in panels), default=1)
    height = (1.2 + 0.3 * max(longest, 2)) * len(panels)
    figure = Figure(figsize=(10, height), layout="constrained")
    for number, panel in enumerate(panels, 1):
        _draw_effects(figure.add_subplot(len(panels), 1, number), panel)
    return _svg(figure, "effects")


def _draw_effects(axes: Axes, panel: EffectPanel) -> None:
    axes.axvline(1.0, color="#111827", linewidth=0.8)
    for row, (_, found) in enumerate(panel.effects):
        colour = _COLOURS[found.verdict]
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [row, row], color=colour, linewidth=2)
        axes.plot([found.ratio], [row], "o", color=colour, markersize=5)
    axes.set_xscale("log")
    _plain_numbers(axes.xaxis, "x{:g}")
    axes.set_yticks(range(len(panel.effects)), [name for name, _ in panel.effects], fontsize=8)
    axes.set_ylim(len(panel.effects) - 0.5, -0.5)
    axes.set_title(panel.title, fontsize=10)
    axes.set_xlabel("times the base", fontsize=8)
    axes.grid(axis="x", alpha=0.3)


def grid_plot(cells: GridCells, title: str) -> str:
    """The grid as a picture, each cell with its records a second."""
    figure = Figure(
        figsize=(2.2 + 1.5 * len(cells.columns), 1.4 + 0.7 * len(cells.rows)), layout="constrained"
    )
    axes = figure.add_subplot()
    known = [value for row in cells.values for value in row if value is not None]
    least, most = min(known, default=1.0), max(known, default=1.0)
    shades = [[float("nan") if value is None else value for value in row] for row in cells.values]
    axes.imshow(
        shades,
        cmap="YlGnBu",
        norm=mpl.colors.LogNorm(least, max(most, least * 1.01)),
        aspect="auto",
    )
    for row, values in enumerate(cells.values):
        for column, value in enumerate(values):
            text = "not measured" if value is None else f"{value:,.0f}"
            dark = value is not None and value > (least * most) ** 0.5
            axes.text(
                *(column, row, text),
                ha="center",
                va="center",
                color="white" if dark else "black",
                fontsize=9,
            )
    axes.set_xticks(range(len(cells.columns)), cells.columns)
    axes.set_yticks(range(len(cells.rows)), cells.rows)
    axes.set_xlabel("records a trigger (maxOffsetsPerTrigger)")
    axes.set_ylabel("shuffle partitions")
    axes.set_title(title, fontsize=10)
    return _svg(figure, "grid")


def pareto_plot(all_points: Sequence[Point], front: Sequence[Point], title: str) -> str:
    """Throughput against latency, numbered from the fastest; the line joins those that no other
    beats in both."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    axes = figure.add_subplot()
    on_front = {point.name for point in front}
    for number, point in enumerate(sorted(all_points, key=lambda each: -each.throughput), 1):
        best = point.name in on_front
        axes.plot(
            *([point.throughput], [point.latency_ms], "o"),
            color="#1a7f4b" if best else "#9ca3af",
            label=f"{number}  {point.name}",
        )
        axes.annotate(
            str(number),
            (point.throughput, point.latency_ms),
            xytext=(5, 4),
            textcoords="offset points",
            fontsize=8,
        )
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=7, frameon=False)
    axes.plot([p.throughput for p in front], [p.latency_ms for p in front], color="#1a7f4b")
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain_numbers(axes.xaxis, "{:,.0f}")
    _plain_numbers(axes.yaxis, "{:,.0f}")
    axes.set_xlabel("throughput, records a second (more is better)")
    axes.set_ylabel("latency p50, ms (less is better)")
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3, which="both")
    return _svg(figure, "pareto")


def _plain_numbers(axis: Axis, form: str) -> None:
    """Plain numbers at 1, 2, 5, 10, 20, ... of a logarithmic axis."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: form.format(value)))
    axis.set_minor_formatter(NullFormatter())


def _svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element; ids in it depend on the name alone."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": f"sfcrime-{name}", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :].strip()
