"""`sfcrime consume`: the topic's records as they come, as lines for people or for programs."""

from __future__ import annotations

import base64
import json
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Any

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import instant_text
from sfcrime.cli.signals import stop_on_signals
from sfcrime.domain.safe_text import escaped_bytes, terminal_safe
from sfcrime.domain.wall_clock import instant_iso
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.kafka.following import Following, follow_topic
from sfcrime.settings import Settings

_SHOWN_CHARACTERS = 400
"""Characters of a value in a line; JSON has all of them."""

_LINE = "{:>9}  {:>10}  {:<24}  {:<12}  {}"
_NO_TIMESTAMP_MS = -1


@click.command("consume", epilog="Example:  sfcrime consume --from-beginning --max-messages 5")
@setting_flags("--data-dir", "--bootstrap-servers", "--kafka-config", "--topic")
@click.option("--from-beginning", is_flag=True, help="Begin with the first record that is kept.")
@click.option("--max-messages", type=click.IntRange(min=1), help="End after so many records.")
@click.option(
    "--group",
    default="",
    help="Read as a member of this consumer group, and commit its offsets; they come before "
    "--from-beginning.",
)
@click.option(
    "--timeout-s", type=click.FloatRange(min=0), help="End when no record has come for so long."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(  # noqa: PLR0913 - click hands over one argument a flag
    settings: Settings,
    from_beginning: bool,
    max_messages: int | None,
    group: str,
    timeout_s: float | None,
    as_json: bool,
) -> None:
    """Show the records of the topic as they come, until Ctrl-C.

    Begins with the next record that is published. Nothing is committed, and no other reader is
    disturbed, unless --group is given. Control characters are shown escaped, as in \\x1b.
    """
    plan = Following(from_beginning, group, max_messages, timeout_s)
    shown = 0
    with (
        stop_on_signals() as stop,
        open_kafka(settings) as opened,
    ):
        click.echo(f"reading {opened.kafka.topic}; Ctrl-C stops", err=True)
        if not as_json:
            click.echo(_LINE.format("Partition", "Offset", "Published (UTC)", "Key", "Value"))
        for records in follow_topic(opened.kafka, plan, stop):
            click.echo("\n".join(_lines(records, as_json)))
            shown += len(records)
    click.echo(f"{shown:,} records", err=True)


def _lines(records: Iterable[TopicRecord], as_json: bool) -> Iterable[str]:
    return (json.dumps(record_as_json(each)) if as_json else record_line(each) for each in records)


def record_as_json(record: TopicRecord) -> dict[str, Any]:
    """The whole record; `published` is null where the time is no date (`instant_iso`). `key` or
    `value` is null with a `..._base64` beside it where it is no UTF-8, and null alone where there
    is none."""
    return {
        "partition": record.partition,
        "offset": record.offset,
        "published": instant_iso(record.timestamp_ms),
        "published_ms": record.timestamp_ms,
        **_text_or_base64("key", record.key),
        **_text_or_base64("value", record.value),
    }


def record_line(record: TopicRecord) -> str:
    """One line that is safe on a terminal; a long value is cut, and says how long it is."""
    known = record.timestamp_ms != _NO_TIMESTAMP_MS
    published = instant_text(record.timestamp_ms) if known else ""
    return _LINE.format(
        record.partition, record.offset, published, _shown(record.key), _shown(record.value)
    ).rstrip()


def _text_or_base64(name: str, content: bytes | None) -> dict[str, str | None]:
    if content is None:
        return {name: None}
    try:
        return {name: content.decode("utf-8")}
    except UnicodeDecodeError:
        return {name: None, f"{name}_base64": base64.b64encode(content).decode("ascii")}


def _shown(content: bytes | None) -> str:
    if content is None:
        return "-"
    start = content[: 4 * _SHOWN_CHARACTERS]
    is_whole = len(start) == len(content)
    try:
        # What is cut may end within a character.
        text = terminal_safe(getincrementaldecoder("utf-8")().decode(start, final=is_whole))
    except UnicodeDecodeError:
        text = escaped_bytes(start)
    if is_whole and len(text) <= _SHOWN_CHARACTERS:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}... ({len(content):,} bytes)"
