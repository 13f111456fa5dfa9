import numpy as np
import pytest

from nba.domain import Texts
from nba.learn.alike.text import attribute_terms, coded, grams, overlap, words
from nba.statistics.rows import Rows


def test_words_are_casefolded_runs_of_letters_and_digits():
    assert words("Чайник Straße AX-15, 1.7 l") == ["чайник", "strasse", "ax", "15", "1", "7", "l"]


def test_grams_are_runs_of_three_letters_with_the_word_s_ends():
    assert list(grams("pan")) == [" pa", "pan", "an "]
    assert list(grams("l")) == [" l "]


def test_a_term_counts_once_a_row_and_terms_are_named_as_they_appear():
    matrix, names = coded([["b", "a", "b"], [], ["a"]])
    assert names == ["b", "a"]
    assert matrix.toarray().tolist() == [[1, 1], [0, 0], [0, 1]]


def test_attributes_are_the_leaves_of_an_object_or_the_words_of_a_text():
    told = [
        '{"colour": "Red", "size": {"cm": 40}, "for": ["oil", "gas"], "none": null}',
        '{"for": ["gas"], "colour": "red"}',
        "Red, 40 cm",
        "",
    ]
    rows = Rows.of(attribute_terms(Texts.of(told)))
    assert np.diff(rows.start).tolist() == [4, 2, 3, 0]
    first, second = np.array([0, 0, 0, 3]), np.array([1, 2, 3, 3])
    assert rows.products(first, second).tolist() == [2, 0, 0, 0]
    assert overlap(rows, first, second).tolist() == pytest.approx([2 / 4, 0, 0, 0])


def test_json_nested_beyond_reason_is_any_text():
    nested = f"{'[' * 100_000}red{']' * 100_000}"
    rows = Rows.of(attribute_terms(Texts.of([nested, "red"])))
    assert rows.products(np.array([0]), np.array([1])).tolist() == [1]


def test_nothing_is_coded_as_no_rows():
    matrix, names = coded([])
    assert matrix.shape == (0, 0)
    assert names == []
