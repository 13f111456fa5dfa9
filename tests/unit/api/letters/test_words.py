"""The words of a language are checked whole; a shop's own go before those that ship."""

from __future__ import annotations

import pytest

from nba.errors import ConfigError
from nba_api.letters.writer import Letters, shipped_words
from nba_api.pages import storefront
from nba_api.settings import Settings
from tests.unit.api.letters.decided import Catalogue, document


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "words").mkdir()
    return tmp_path


def written(folder, told, spoken="en", **settings):
    letters = Letters(Settings(letters=folder, **settings))
    return letters, letters.letter(told, spoken, Catalogue())


def test_every_language_has_the_same_keys_and_names_the_same_fields():
    english, *others = shipped_words().values()
    for other in others:
        for table in ("frame", "status", "reason", "message"):
            assert getattr(other, table).keys() == getattr(english, table).keys()
        for key, told in english.message.items():
            theirs = other.message[key]
            assert set(told.model_dump(exclude_none=True)) == set(
                theirs.model_dump(exclude_none=True)
            )
        assert other.notation.units.keys() == english.notation.units.keys()


def test_a_shop_changes_one_sentence_and_keeps_the_others(folder):
    (folder / "words/en.toml").write_text('[message.digest]\nsubject = "Hot this week at {shop}"\n')
    _, letter = written(folder, document("digest"), shop_name="Kava")
    assert letter.subject == "Hot this week at Kava"
    assert letter.values["heading"] == "The best of the week"


def test_a_subject_of_several_lines_is_one_line_and_so_starts_no_header(folder):
    (folder / "words/en.toml").write_text(
        '[message.digest]\nsubject = "Hot\\nBcc: eve"\npreheader = "a\\u0000\\u00a0b"\n'
    )
    _, letter = written(folder, document("digest"))
    assert (letter.subject, letter.preheader) == ("Hot Bcc: eve", "a b")


def test_a_text_of_a_playbook_goes_before_its_message_and_an_arm_before_both(folder):
    (folder / "words/en.toml").write_text(
        '[message.my-digest]\nsubject = "Mine"\n[message."my-digest/B"]\npreheader = "Theirs"\n'
    )
    _, letter = written(folder, document("digest", text="my-digest", arm="B"))
    assert (letter.subject, letter.preheader) == ("Mine", "Theirs")
    _, letter = written(folder, document("digest", text="unknown", arm="A"))
    assert letter.subject == "The best of the week"


def test_a_shop_writes_in_a_language_of_its_own(folder):
    english = (
        (storefront() / "letters/words/en.toml")
        .read_text("utf-8")
        .replace('name = "English"', 'name = "Deutsch"')
    )
    (folder / "words/de.toml").write_text(
        english.replace("The best of the week", "Das Beste der Woche")
    )
    letters, letter = written(folder, document("digest"), "de", language="de")
    assert letter.subject == "Das Beste der Woche"
    assert letters.languages["de"] == "Deutsch"
    assert letters.language(None, "de-AT") == letters.language(None, None) == "de"


def test_the_language_is_as_asked_else_the_customer_s_else_the_server_s():
    letters = Letters(Settings(language="uk"))
    assert letters.language("ru", "en_GB") == "ru"
    assert letters.language(None, "en_GB") == "en"
    assert letters.language(None, "de_AT") == "uk"
    assert letters.language(None, None) == "uk"
    with pytest.raises(ConfigError, match="found 'de'; expected one of en, ru, uk"):
        letters.language("de", None)
    with pytest.raises(ConfigError, match="NBA_LANGUAGE: found 'de'; expected one of"):
        Letters(Settings(language="de"))


def test_a_layout_of_the_shop_s_own_is_taken_and_its_links_too(folder):
    (folder / "order.mjml").write_text(
        "<mjml><mj-body><mj-section><mj-column><mj-text>Own {{ heading }}</mj-text>"
        '<mj-include path="button.mjml" /></mj-column></mj-section></mj-body></mjml>'
    )
    (folder / "letters.toml").write_text(
        '[link]\norder-status = "https://shop.example/orders/{order}?of={customer}"\n'
    )
    letters, letter = written(folder, document("order-status", order="o/1"))
    html = letters.html(letter)
    assert "Own Your order has been delivered" in html
    assert 'href="https://shop.example/orders/o%2F1?of=ann%2Fb%20c"' in html


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("words/en.toml", "[message.digest]\nsubjekt = 'x'", r"en\.toml: message\.digest\.subjekt"),
        (
            "words/en.toml",
            "[message.digest]\nsubject = '{nobody}'",
            r"found \{nobody\}; its fields are",
        ),
        ("words/en.toml", "[message.digest]\nsubject = '{shop.name}'", r"found \{shop\.name\}"),
        (
            "words/en.toml",
            "[message.digest]\nsubject = '{count:goods}'",
            r"there is no units\.goods",
        ),
        ("words/en.toml", "[message.digest]\nsubject = 'a { b'", r"message\.digest: "),
        ("words/en.toml", "[units]\nday = ['day']", r"units\.day: 1 forms; expected 2"),
        ("words/en.toml", "[reason]\nbecause = 'x'", r"reason\.because: is no key"),
        ("words/en.toml", "not toml", r"en\.toml: "),
        ("words/de.toml", "name = 'Deutsch'", r"de\.toml: forms: Field required"),
        ("letters.toml", "[layout]\ndigest = 'gone'", r"layout\.digest: there is no gone\.mjml"),
        ("letters.toml", "[link]\ndigest = 'javascript:x'", "is no address of the web"),
        (
            "letters.toml",
            "[link]\ndigest = 'https://a.example/{x}'",
            r"found \{x\}; its fields are",
        ),
        ("letters.toml", "[links]\n", "links: Extra inputs"),
        ("letters.toml", "layout = 'digest'", r"letters\.toml: layout: "),
        ("digest.mjml", "<mjml>", r"digest\.mjml: "),
        ("digest.mjml", '<mjml><mj-include path="gone.mjml" /></mjml>', r"includes gone\.mjml"),
        (
            "digest.mjml",
            '<mjml><mj-include path="digest.mjml" /></mjml>',
            r"digest\.mjml: .*recursion",
        ),
        ("email.txt", "{% if %}", r"email\.txt: line 1"),
    ],
)
def test_what_is_wrong_in_a_shop_s_file_is_said_before_the_first_letter(
    folder, file, text, problem
):
    (folder / file).write_text(text)
    with pytest.raises(ConfigError, match=problem):
        Letters(Settings(letters=folder))


@pytest.mark.parametrize("file", ["digest.mjml", "foot.mjml", "email.txt"])
def test_a_layout_that_is_no_text_is_said_with_its_file(folder, file):
    (folder / file).write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=rf"{file}: 'utf-8' codec"):
        Letters(Settings(letters=folder))


def test_a_folder_that_is_not_there_is_said_at_once(folder):
    with pytest.raises(ConfigError, match=r"NBA_LETTERS: .*gone is no folder"):
        Letters(Settings(letters=folder / "gone"))


def test_words_that_name_what_a_message_has_not_are_found_with_the_file_to_mend(folder):
    (folder / "words/uk.toml").write_text('[message.digest]\nsubject = "Замовлення {order}"\n')
    with pytest.raises(
        ConfigError, match=r"digest has no \{order\}.*\[message\.digest\] in words/uk"
    ):
        written(folder, document("digest"), "uk")
