"""Flags that several commands share; each is one setting."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec

from sfcrime.settings_loading import SETTINGS, is_set, load_settings

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

MAX_NUMBER = 2**31 - 1
"""Of a partition, as Kafka numbers them, and of rows that are asked for: the store takes it."""

_FLAGS = {
    "--data-dir": ("store", "data_dir"),
    "--store-url": ("store", "url"),
    "--bootstrap-servers": ("kafka", "bootstrap_servers"),
    "--kafka-config": ("kafka", "config_file"),
    "--topic": ("kafka", "topic"),
    "--port": ("kafka", "port"),
    "--partitions": ("kafka", "partitions"),
    "--source": ("source", "source"),
    "--speed": ("source", "speed"),
    "--limit": ("source", "limit"),
    "--seed": ("source", "seed"),
    "--start": ("source", "start"),
    "--window": ("stream", "window_minutes"),
    "--lateness-hours": ("stream", "lateness_hours"),
    "--max-records-per-batch": ("stream", "max_records_per_batch"),
    "--ui-port": ("stream", "ui_port"),
    "--master": ("stream", "master"),
    "--dashboard-port": ("dashboard", "port"),
    "--host": ("dashboard", "host"),
    "--token-file": ("dashboard", "token_file"),
    "--work-dir": ("audit", "work_dir"),
}
"""Flag -> room and name of its setting, whose description is its help."""

_SPELLED = {place: flag for flag, place in _FLAGS.items()}


def one_a_line(names: Sequence[str]) -> str | None:
    """Several names as the one text that a setting holds; None where there are none."""
    return "\n".join(names) or None


def setting_flags(*flags: str) -> Decorator:
    """Adds the flags; the command receives `settings: Settings` in their place."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_settings(*args: Any, **kwargs: Any) -> Any:
            given: dict[str, dict[str, Any]] = {}
            for flag in flags:
                room, key = _FLAGS[flag]
                given.setdefault(room, {})[key] = kwargs.pop(f"{room}__{key}")
            settings = load_settings(given, spelled=_SPELLED)
            return function(*args, settings=settings, **kwargs)

        decorated: Callable[..., Any] = with_settings
        for flag in reversed(flags):
            decorated = _option(flag)(decorated)
        return decorated

    return decorate


def is_asked_for(flag: str) -> bool:
    """Whether the command that runs was given the flag, or its setting comes from elsewhere."""
    room, key = _FLAGS[flag]
    return click.get_current_context().params[f"{room}__{key}"] is not None or is_set(room, key)


def _option(flag: str) -> Decorator:
    """Every value comes as text: a bad number is refused like any setting, with an example."""
    room, key = _FLAGS[flag]
    setting = SETTINGS[room, key]
    text = str(msgspec.json.schema(setting.type)["description"])
    help_line = f"{text[0].upper()}{text[1:]}."
    more: dict[str, Any] = {"metavar": "INTEGER"} if isinstance(setting.default, int) else {}
    if flag == "--source":
        more = {"multiple": True, "callback": lambda _context, _option, names: one_a_line(names)}
    return click.option(flag, f"{room}__{key}", default=None, help=help_line, **more)
