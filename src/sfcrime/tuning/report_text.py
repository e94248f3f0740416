"""What a report is written in: blocks, which have two forms (Markdown, and one HTML file), and how
figures, effects and settings are said in them. Pure.

Text may hold `code` and **bold**; nothing else in it is markup in either form.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfcrime.settings_loading import ENVIRONMENT_PREFIX
from sfcrime.tuning.effects import Effect, Verdict
from sfcrime.tuning.knobs import (
    KNOBS,
    OPTION_PREFIX,
    UNBOUNDED,
    UNBOUNDED_RECORDS,
    Query,
    meaning,
    spark_name,
)

QUERIES = {Query.PRODUCT: "the product's query", Query.EXERCISE: "the exercise's query"}
"""Beside every figure stands of which of both it is."""
PROGRAMS = {Query.PRODUCT: "`sfcrime stream`", Query.EXERCISE: "`exercise/data_stream.py`"}

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
td { vertical-align: top; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8886; text-align: left; }
td { font-variant-numeric: tabular-nums; }
p, ul { max-width: 62rem; }
code { background: #8882; padding: .05rem .25rem; border-radius: .2rem; }
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as the header has."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = str | Heading | Bullets | Table
"""A plain text is a paragraph."""


def as_markdown(blocks: Sequence[Block]) -> str:
    """The report as Markdown."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Bullets(items):
            return "\n".join(f"* {item}" for item in items)
        case Table(header, rows):
            lines = [_row(header), "|".join(["", *("---" for _ in header), ""])]
            return "\n".join([*lines, *(_row(row) for row in rows)])
        case text:
            return text


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def as_html(blocks: Sequence[Block]) -> str:
    """The report as one HTML file that loads nothing."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    body = "\n".join(_html(block) for block in blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_inline(text)}</h{level}>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"
        case Table(header, rows):
            head, *body = (
                "<tr>" + "".join(f"<{tag}>{_inline(cell)}</{tag}>" for cell in row) + "</tr>"
                for tag, row in [("th", header), *(("td", row) for row in rows)]
            )
            return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"
        case text:
            return f"<p>{_inline(text)}</p>"


def _inline(text: str) -> str:
    escaped = html.escape(text, quote=False)
    return _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escaped))


def figure(value: float | None, unit: str = "") -> str:
    """ "52,310 records/s"; "not measured" for None."""
    if value is None:
        return "not measured"
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def times(ratio: float) -> str:
    """ "x0.98", "x162": a ratio as it is read."""
    if ratio >= 10:
        return f"x{ratio:,.0f}" if ratio >= 100 else f"x{ratio:.1f}"
    return f"x{ratio:.2f}" if ratio >= 0.1 else f"x{ratio:.2g}"


def effect_text(found: Effect | None) -> str:
    """An effect with its interval and what it comes to."""
    if found is None:
        return "not measured"
    if found.verdict is Verdict.UNKNOWN:
        return f"{times(found.ratio)} ({interval_text(found)})"
    if found.verdict is Verdict.NONE:
        return f"{Verdict.NONE} ({interval_text(found)})"
    return f"**{times(found.ratio)}** {found.verdict} ({interval_text(found)})"


def interval_text(found: Effect) -> str:
    """ "x1.50 to x2.50", or that it is not known."""
    return " to ".join(map(times, found.interval)) if found.interval else str(Verdict.UNKNOWN)


def setting_text(name: str) -> str:
    """A configuration as it is named in a report."""
    return "the base" if name == "base" else f"`{name}`"


def value_text(value: str) -> str:
    """A value as it is read in a sentence."""
    return "no bound" if value == UNBOUNDED else value


def size(value: str) -> float:
    """Orders values as a reader would: numbers by size, words behind them."""
    return float(value) if value.isdigit() else float("inf")


def listed(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"; "none" for nothing."""
    if len(items) < 2:
        return items[0] if items else "none"
    return f"{', '.join(items[:-1])} and {items[-1]}"


def place(key: str) -> str:
    """Where a knob is set: in the settings file, or by an option of the exercise's program."""
    knob = KNOBS[key]
    return f"`{knob.setting}`" if knob.setting else f"`data_stream.py {knob.option}`"


def base_table(base: Mapping[str, str], query: Query) -> Table:
    """What a query's knobs are set to in its base, and where."""
    header = ("Base", "Where it is set", "As a variable", "What Spark calls it")
    rows = []
    for key in filter(base.__contains__, KNOBS):
        name = f"`{_variable(key)}`" if KNOBS[key].setting else "none"
        value = f"`{base[key]}`" if base[key] else "none"
        rows.append([meaning(key), value, place(key), name, f"`{spark_name(key)}`"])
    return Table((f"Setting of {QUERIES[query]}", *header), rows)


def _variable(key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{KNOBS[key].setting}".upper().replace(".", "_")


def how_to_set(changes: Mapping[str, str]) -> str:
    """What to put into the environment to get a configuration of the product's query; empty for
    the base."""
    found, tables = [], dict[str, dict[str, str]]()
    for key, value in changes.items():
        if key in KNOBS:
            number = UNBOUNDED_RECORDS if value == UNBOUNDED else value
            found.append(f"`{_variable(key)}={number}`")
        elif key.startswith(OPTION_PREFIX):
            tables.setdefault("SOURCE_OPTIONS", {})[key.removeprefix(OPTION_PREFIX)] = value
        else:
            tables.setdefault("SPARK_PROPERTIES", {})[key] = value
    found += [
        f"`{ENVIRONMENT_PREFIX}STREAM_{name}='{json.dumps(table)}'`"
        for name, table in tables.items()
    ]
    return ", ".join(found)
