"""The end of a value of any depth."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcrime.sources.nesting import end_of_nested_element

CONTAINERS = st.recursive(
    st.none() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
).filter(lambda value: isinstance(value, list | dict))


@given(CONTAINERS, st.text('[]{},:" \n1x', max_size=5))
def test_the_end_is_where_the_value_ends(value: object, after: str) -> None:
    text = json.dumps(value)
    found = end_of_nested_element("  " + text + after, 2)
    assert (found.complete, found.end) == (True, 2 + len(text))


@given(CONTAINERS, st.data())
def test_every_beginning_of_a_value_is_cut_and_not_wrong(
    value: object, data: st.DataObject
) -> None:
    text = json.dumps(value)
    length = data.draw(st.integers(0, len(text) - 1))
    found = end_of_nested_element(text[:length], 0)
    assert (found.complete, found.problem) == (False, "")


@pytest.mark.parametrize(
    "text",
    ["[}", "{]", "[1 2]", '{"a" 1}', "{1:2}", "[,1]", "[1,]", '{"a":1,}', "[:]", '{"a"}', "[x]"],
)
def test_what_is_no_json_is_a_problem(text: str) -> None:
    found = end_of_nested_element(text, 0)
    assert found.complete is False
    assert found.problem != ""
