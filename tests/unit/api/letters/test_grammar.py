"""How English, Ukrainian and Russian write counts, money, shares and dates."""

from __future__ import annotations

from datetime import date

import pytest
from babel import Locale
from babel.plural import PluralRule

from nba_api.letters.grammar import FORMS, Money, Share, plain
from nba_api.letters.writer import shipped_words

WORDS = shipped_words()


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_nouns_take_the_form_that_unicode_gives_to_each_count(language):
    rule: PluralRule = Locale(language).plural_form
    forms, form = FORMS[WORDS[language].notation.forms]
    places = {"one": 0, "few": 1, "many": 2, "other": forms - 1}
    for count in range(1_200):
        assert form(count) == places[rule(count)], count


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["1 day", "2 days", "5 days", "11 days", "21 days", "1,002 days"]),
        ("uk", ["1 день", "2 дні", "5 днів", "11 днів", "21 день", "1 002 дні"]),
        ("ru", ["1 день", "2 дня", "5 дней", "11 дней", "21 день", "1 002 дня"]),
    ],
)
def test_counts_stand_beside_their_noun(language, told):
    notation = WORDS[language].notation
    shown = [notation.shown(count, "day") for count in (1, 2, 5, 11, 21, 1002)]
    assert [one.replace("\u00a0", " ") for one in shown] == told


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["€1,234.50", "₴0.05", "1,000 JPY", "1.500 KWD", "12.00"]),
        ("uk", ["1 234,50 €", "0,05 ₴", "1 000 JPY", "1,500 KWD", "12,00"]),
        ("ru", ["1 234,50 €", "0,05 ₴", "1 000 JPY", "1,500 KWD", "12,00"]),
    ],
)
def test_money_has_the_digits_of_its_currency(language, told):
    notation = WORDS[language].notation
    amounts = (
        Money(123_450, "EUR"),
        Money(5, "UAH"),
        Money(1000, "JPY"),
        Money(1500, "KWD"),
        Money(1200, None),
    )
    assert [notation.shown(one).replace("\u00a0", " ") for one in amounts] == told


def test_dates_and_shares_are_written_as_each_language_does():
    day, share = date(2026, 12, 31), Share(0.348)
    shown = {
        code: (words.notation.shown(day), words.notation.shown(share))
        for code, words in WORDS.items()
    }
    assert {code: [one.replace("\u00a0", " ") for one in told] for code, told in shown.items()} == {
        "en": ["31 December 2026", "35%"],
        "uk": ["31 грудня 2026 р.", "35 %"],  # noqa: RUF001 - Cyrillic
        "ru": ["31 декабря 2026 г.", "35 %"],  # noqa: RUF001 - Cyrillic
    }


def test_a_text_of_somebody_else_is_one_line_of_characters():
    assert plain(" a\r\nBcc: b\t\ud800 \x00c ") == "a Bcc: b ? c"
    assert plain("👩‍🍳 чай") == "👩‍🍳 чай"
