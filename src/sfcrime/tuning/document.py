"""A report as blocks, and the two forms it takes: Markdown, and one HTML file. Pure.

Text may hold `code` and **bold**; nothing else in it is markup in either form.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """The first column is text, the others stand to the right where they are numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot; Markdown shows the file of that name beside it."""

    file_name: str
    title: str
    svg: str


Block = Heading | Paragraph | Bullets | Table | Picture

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
td { vertical-align: top; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8886; text-align: left; }
td { font-variant-numeric: tabular-nums; }
p, ul { max-width: 62rem; }
code { background: #8882; padding: .05rem .25rem; border-radius: .2rem; }
figure { margin: 1.5rem 0; background: #fff; border-radius: .4rem; padding: .5rem; }
figure svg { max-width: 100%; height: auto; }
figcaption { color: #444; font-size: .9rem; }
"""


def as_markdown(blocks: Sequence[Block]) -> str:
    """The report as Markdown; pictures are files beside it."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Paragraph(text):
            return text
        case Bullets(items):
            return "\n".join(f"* {item}" for item in items)
        case Table(header, rows):
            lines = [_row(header), "|".join(["", *("---" for _ in header), ""])]
            return "\n".join([*lines, *(_row(row) for row in rows)])
        case Picture(file_name, title, _):
            return f"![{title}]({file_name})"


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
        case Paragraph(text):
            return f"<p>{_inline(text)}</p>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"
        case Table(header, rows):
            head = "".join(f"<th>{_inline(cell)}</th>" for cell in header)
            body = "".join(
                "<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>"
                for row in rows
            )
            return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        case Picture(_, title, svg):
            return f"<figure>{svg}<figcaption>{_inline(title)}</figcaption></figure>"


def _inline(text: str) -> str:
    escaped = html.escape(text, quote=False)
    return _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escaped))
