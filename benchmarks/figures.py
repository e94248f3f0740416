"""The figures of benchmarks' documents as one Markdown table, ratios first. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NOT_FIGURES = ("machine", "runs", "settings")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a benchmark."""

    command: str
    seconds: float
    failure: str
    """Empty where there is a document."""
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    benchmark: str
    name: str
    value: object
    by_repeat: Sequence[float] = ()
    """Of a ratio: one for each repeat; `value` is their median."""


def figures_of(name: str, document: Mapping[str, Any]) -> list[Figure]:
    """Every figure in a benchmark's document: its `summary` where it has one, else all but the
    single runs."""
    found = document.get("summary")
    if found is None:
        found = {key: value for key, value in document.items() if key not in _NOT_FIGURES}
    return list(_leaves(name, "", found))


def _leaves(benchmark: str, above: str, value: Any) -> Iterator[Figure]:
    """A list's members go by their `name`, where they have one."""
    if isinstance(value, dict) and value.keys() >= {"median", "by_repeat"}:
        yield Figure(benchmark, above, value["median"], value["by_repeat"])
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(benchmark, f"{above}: {key}" if above else key, below)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            named = below if isinstance(below, dict) else {}
            rest = {key: each for key, each in named.items() if key != "name"} or below
            yield from _leaves(benchmark, f"{above}: {named.get('name', number)}", rest)
    elif value is not None:
        yield Figure(benchmark, above, value)


def growth(small: Mapping[str, Any], large: Mapping[str, Any]) -> list[Figure]:
    """What more records take, in time of their batches and in memory.

    Args:
        small: the document of throughput.py with the whole job alone.
        large: likewise, over more records.
    """
    pairs = list(zip(small.get("runs", ()), large.get("runs", ()), strict=False))
    if not pairs:
        return []
    grown = pairs[0][1]["records"] / pairs[0][0]["records"]
    times = [_seconds(more) / _seconds(less) for less, more in pairs]
    peaks = [_peak(more) / _peak(less) for less, more in pairs]
    return [
        Figure("growth", f"time, {grown:g} times the records", statistics.median(times), times),
        Figure("growth", f"memory, {grown:g} times the records", statistics.median(peaks), peaks),
    ]


def _seconds(run: Mapping[str, Any]) -> float:
    return float(run["records"] / run["all_per_s"])


def _peak(run: Mapping[str, Any]) -> float:
    return float(run["usage"]["peak_rss_mb"])


def as_markdown(
    machine: Mapping[str, object],
    figures: Sequence[Figure],
    outcomes: Mapping[str, Outcome],
    not_run: Mapping[str, str],
) -> str:
    """The table under the machine; then the commands, and what was left out, with the reason."""
    ordered = sorted(figures, key=lambda figure: not figure.by_repeat)
    lines = ["# Benchmarks", ""]
    lines += [", ".join(f"{name}: {value}" for name, value in machine.items()), ""]
    lines += ["| Benchmark | Figure | Value | By repeat |", "|---|---|---|---|"]
    lines += [
        f"| {each.benchmark} | {text_of(each.name)} | {text_of(each.value)} | "
        f"{', '.join(map(text_of, each.by_repeat))} |"
        for each in ordered
    ]
    lines += ["", "| Benchmark | Command | Took |", "|---|---|---|"]
    lines += [
        f"| {name} | `{each.command}` | {each.seconds:,.0f} s"
        f"{f', failed: {each.failure}' if each.failure else ''} |"
        for name, each in outcomes.items()
    ]
    lines += ["", *(f"Not run: {name} ({why})." for name, why in not_run.items())]
    return "\n".join(lines).rstrip() + "\n"


def text_of(value: object) -> str:
    """Three digits at least, and nothing that ends a column."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if type(value) is int else str(value).replace("|", "/")
