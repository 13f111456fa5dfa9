"""Why a product stands in a letter: in each language, and never more than the evidence says."""

from __future__ import annotations

import pytest

from nba.vocabulary import ReasonCode
from nba_api.letters.reasons import REASONS, sentence_of
from nba_api.letters.writer import shipped_words
from tests.unit.api.letters.decided import EVIDENCE

WORDS = shipped_words()


def told(code, **evidence):
    return sentence_of({"code": code, "evidence": {**EVIDENCE[code], **evidence}}, str.title)


def test_every_reason_that_there_is_has_evidence_in_these_tests():
    assert set(EVIDENCE) == set(ReasonCode)


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_every_reason_has_its_sentence_but_what_customers_know_themselves(language):
    words = WORDS[language]
    silent = {code for code in ReasonCode if told(code) is None}
    assert silent == {ReasonCode.INTENT, ReasonCode.ORDERED}
    for code in set(ReasonCode) - silent:
        key, values = told(code)
        assert set(values) >= REASONS[key]
        sentence = words.say(words.reason[key], values)
        assert sentence
        assert "{" not in sentence


def test_a_share_is_told_as_the_evidence_has_it():
    key, values = told(ReasonCode.BOUGHT_TOGETHER)
    assert (
        WORDS["en"].say(WORDS["en"].reason[key], values) == "35% of orders with “Kettle” had it too"
    )
    key, values = told(ReasonCode.ACCESSORY)
    said = WORDS["en"].say(WORDS["en"].reason[key], values)
    assert said == "12% of purchases of Kettles were followed by Filters"


@pytest.mark.parametrize(
    ("code", "few", "key"),
    [
        (ReasonCode.BOUGHT_TOGETHER, {"customers_together": 2}, "together"),
        (ReasonCode.BOUGHT_TOGETHER, {"confidence": 0.004}, "together"),
        (ReasonCode.CATEGORIES_TOGETHER, {"customers_together": 2}, "categories"),
        (ReasonCode.ACCESSORY, {"buyers": 2}, "goes_with"),
        (ReasonCode.ACCESSORY, {"category_to": None}, "goes_with"),
        (ReasonCode.SPARE_PART, {"share": None}, "spare_part"),
        (ReasonCode.SIMILAR_CUSTOMERS, {"customers": 2}, "picked"),
        (ReasonCode.ALIKE, {"category": None}, "alike_brand"),
        (ReasonCode.ALIKE, {"category": None, "brand": None}, "alike"),
    ],
)
def test_figures_of_few_customers_are_not_told(code, few, key):
    found, values = told(code, **few)
    assert found == key
    assert "percent" not in values
    assert set(values) >= REASONS[key]
