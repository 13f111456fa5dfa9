"""Ids are found, and taken out, wherever JSON may say them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba.mentions import mentions, unnaming, values_in

GONE = {"anna", "17", "a/b"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 20) | st.sampled_from(["anna", "bert", "a/b", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ('{"referred_by":"anna","city":"Bern"}', '{"city":"Bern"}'),
        ('{"referred_by":"anna"}', None),
        ('{"a": 17, "b": true, "c": 17.0}', '{"b":true,"c":17.0}'),
        (r'{"r":"\u0061nna","x":1}', '{"x":1}'),
        (r'{"r":"a\/b","x":1}', '{"x":1}'),
        ('{"friends":["anna","bert",[17]],"n":{"by":"anna"}}', '{"friends":["bert",[]],"n":{}}'),
        ('{"r":"anna","r":"bert"}', '{"r":"bert"}'),
        ('{"r":"bert","r":"anna"}', '{"r":"bert"}'),
        (r'{"half":"\ud800","r":"anna"}', r'{"half":"\ud800"}'),
        ("17", None),
        ("anna", None),
    ],
)
def test_an_id_is_taken_out_however_it_is_said(told, left):
    assert unnaming(GONE)(told) == left


@pytest.mark.parametrize(
    "told",
    [
        '{"referred_by": "annabel",  "n": 1}',
        '{"anna": "the key"}',
        "anna is her name",
        r"{broken \ anna",
        "[" * 100_000 + '"anna"' + "]" * 100_000,
        "9" * 5000,
    ],
)
def test_what_names_nobody_or_cannot_be_read_stays_as_it_is_written(told):
    assert unnaming(GONE)(told) == told


@given(JSON, st.booleans())
def test_nothing_that_was_taken_out_is_a_value_any_more(document, is_ascii):
    told = json.dumps(document, ensure_ascii=is_ascii)
    left = unnaming(GONE)(told)
    kept = [] if left is None else values_in(left)
    assert GONE.isdisjoint(kept)
    assert sorted(kept) == sorted(one for one in values_in(told) if one not in GONE)


def test_an_id_is_mentioned_in_any_spelling_but_not_within_a_word():
    found = mentions(["anna", "é"])
    assert all(found.search(told) for told in (b"x anna,", b'"anna"', b'"\\u00e9"', "é".encode()))
    assert not found.search(b"annabel")
