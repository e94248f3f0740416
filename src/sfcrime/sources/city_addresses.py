"""Addresses of the synthetic city, in the forms of the real calls."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from sfcrime.sources.city_names import (
    COMMON_LOCATIONS,
    LAST_BLOCKS,
    STREETS,
    STREETS_ELSEWHERE,
)
from sfcrime.sources.city_rates import PLACES
from sfcrime.sources.city_tables import DRAW_BITS, Choice, bounds_of

_LAST_BLOCK_ELSEWHERE = 14
_CROSSINGS = 24  # a street crosses the next so many of the list: about 5,500 intersections


class Place(NamedTuple):
    """Where a call is."""

    address: str
    city: str
    address_type: str
    common_location: str


def _kind_and_city(label: str) -> tuple[str, str]:
    kind, city = label.split(", ")
    return kind, "" if city == "-" else city


_KINDS = Choice({_kind_and_city(label): weight for label, weight in PLACES.items()})
_STREETS = tuple(STREETS)
_STREET_BOUNDS = bounds_of(STREETS.values())
_LOCATIONS = Choice(COMMON_LOCATIONS)


def place_of(draws: tuple[int, ...]) -> Place:
    """A place from four independent numbers of DRAW_BITS bits."""
    kind_draw, street_draw, number_draw, name_draw = draws
    kind, city = _KINDS.of(kind_draw)
    elsewhere = STREETS_ELSEWHERE.get(city)
    if elsewhere is None:
        at = bisect_right(_STREET_BOUNDS, street_draw)
    else:
        at = street_draw * len(elsewhere) >> DRAW_BITS
    streets = elsewhere or _STREETS
    street = streets[at]
    if kind == "Intersection":
        crossings = min(_CROSSINGS, len(streets) - 1)
        crossing = streets[(at + 1 + (number_draw * crossings >> DRAW_BITS)) % len(streets)]
        return Place(f"{street}/{crossing[0].lower()}{crossing[1:]}", city, kind, "")
    location = _LOCATIONS.of(name_draw)
    if kind == "Geo-Override" and not city:
        return Place(location.removesuffix(", Sf"), city, kind, "")
    blocks = 1 + (_LAST_BLOCK_ELSEWHERE if elsewhere else LAST_BLOCKS[street])
    hundreds = (number_draw * blocks >> DRAW_BITS) * 100
    word = "Blk" if kind == "Geo-Override" else "Block Of"
    named = location if kind == "Common Location" else ""
    return Place(f"{hundreds} {word} {street}", city, kind, named)
