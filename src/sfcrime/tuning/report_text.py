"""How figures, effects and settings are said in a report, and its two forms: Markdown, which is
what the report is written in, and one HTML file made from it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from markdown_it import MarkdownIt

from sfcrime.settings_loading import ENVIRONMENT_PREFIX
from sfcrime.tuning.effects import Effect, Verdict
from sfcrime.tuning.knobs import KNOBS, OPTION_PREFIX, UNBOUNDED, UNBOUNDED_RECORDS, Query

QUERIES = {Query.PRODUCT: "the product's query", Query.EXERCISE: "the exercise's query"}
"""Beside every figure stands of which of both it is."""
PROGRAMS = {Query.PRODUCT: "`sfcrime stream`", Query.EXERCISE: "`exercise/data_stream.py`"}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tuning report</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
td { vertical-align: top; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8886; text-align: left; }
td { font-variant-numeric: tabular-nums; }
p, ul { max-width: 62rem; }
code { background: #8882; padding: .05rem .25rem; border-radius: .2rem; }
</style>
</head>
<body>
%s</body>
</html>
"""


def as_html(markdown: str) -> str:
    """The report as one HTML file that loads nothing: all markup but its own stays text."""
    # No HTML, no links and no images, whatever a setting or a log holds.
    parser = MarkdownIt("zero").enable(["heading", "list", "table", "backticks", "emphasis"])
    body: str = parser.render(markdown)
    return _PAGE % body


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"* {item}" for item in items)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; rows have as many cells as the header."""
    lines = [header, ["---"] * len(header), *rows]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def code(text: str) -> str:
    """Text of others, such as a log's, in one line in which nothing is markup."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


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


def effect_text(found: Effect) -> str:
    """An effect with its interval and what it comes to; the ratio alone where that is not known."""
    if found.interval is None:
        return times(found.ratio)
    interval = " to ".join(map(times, found.interval))
    if found.verdict is Verdict.NONE:
        return f"{Verdict.NONE} ({interval})"
    return f"**{times(found.ratio)}** {found.verdict} ({interval})"


def setting_text(name: str) -> str:
    """A configuration as it is named in a report."""
    return "the base" if name == "base" else code(name)


def value_text(value: str) -> str:
    """A value as it is read in a sentence."""
    return "no bound" if value == UNBOUNDED else value


def size(value: str) -> float:
    """Orders values as a reader would: numbers by size, words after them."""
    return float(value) if value.isdigit() else float("inf")


def listed(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *others, last = items or [""]
    return f"{', '.join(others)} and {last}" if others else last


def place(key: str) -> str:
    """Where a knob is set: in the settings file, or by an option of the exercise's program."""
    knob = KNOBS[key]
    return f"`{knob.setting}`" if knob.setting else f"`data_stream.py {knob.option}`"


def how_to_set(changes: Mapping[str, str]) -> str:
    """What to put into the environment to get a configuration of the product's query; empty for
    the base."""
    found, tables = [], dict[str, dict[str, str]]()
    for key, value in changes.items():
        if key in KNOBS:
            name = f"{ENVIRONMENT_PREFIX}{KNOBS[key].setting}".upper().replace(".", "_")
            found.append(f"`{name}={UNBOUNDED_RECORDS if value == UNBOUNDED else value}`")
        elif key.startswith(OPTION_PREFIX):
            tables.setdefault("SOURCE_OPTIONS", {})[key.removeprefix(OPTION_PREFIX)] = value
        else:
            tables.setdefault("SPARK_PROPERTIES", {})[key] = value
    found += [
        f"`{ENVIRONMENT_PREFIX}STREAM_{name}='{json.dumps(table)}'`"
        for name, table in tables.items()
    ]
    return ", ".join(found)
