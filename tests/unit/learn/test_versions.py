import pytest

from nba.learn.alike.versions import versions


def read(title, brand=""):
    return [(one.family, one.number, one.is_clear) for one in versions(brand, title.split())]


@pytest.mark.parametrize(
    ("title", "family", "number"),
    [
        ("Casella purifier BS15", ("casella", "purifier", "bs#"), 15),
        ("Galaxy S24 Ultra", ("galaxy", "s#", "ultra"), 24),
        ("Kindle 2022", ("kindle", "#"), 2022),
        ("Rocky IV", ("rocky", "#"), 4),
        ("Rocky XIX", ("rocky", "#"), 19),
        ("Pedal Mk 2", ("pedal", "mk", "#"), 2),
        ("Watch Series 9 45mm", ("watch", "series", "#", "45mm"), 9),
        ("Router v2", ("router", "v#"), 2),
        ("Sony 1000XM5", ("sony", "1000xm#"), 5),
        ("OLED55C3 TV", ("oled55c#", "tv"), 3),
    ],
)
def test_models_years_numerals_and_marked_numbers_are_clear(title, family, number):
    assert read(title) == [(family, number, True)]


def test_a_mere_number_may_be_a_size_and_so_is_not_clear():
    assert read("iPhone 15 Pro 128GB") == [(("iphone", "#", "pro", "128gb"), 15, False)]


def test_the_long_number_of_a_model_may_be_a_code_and_so_is_not_clear():
    assert read("Camera D750") == [(("camera", "d#"), 750, False)]
    assert read("Hinge H0012") == []


def test_a_tier_stays_in_the_family():
    ((plain, *_),), ((pro, *_),) = read("iPhone 15"), read("iPhone 15 Pro")
    assert plain != pro


def test_a_clear_number_makes_the_others_words():
    assert read("Laptop FX15 16") == [(("laptop", "fx#", "16"), 15, True)]


def test_counts_codes_and_measures_are_words():
    assert read("Detergent 014") == read("Screws 500") == read("Disk 16GB") == []


def test_one_letter_is_a_numeral_only_after_a_word():
    assert read("X Camera") == read("V") == []
    assert read("Camera X") == [(("camera", "#"), 10, True)]


def test_the_brand_is_part_of_the_family_whether_the_title_names_it_or_not():
    assert read("Purifier BS15", "Casella")[0][0] == read("Casella Purifier BS15")[0][0]
    assert read("Purifier BS15", "Casella") != read("Purifier BS15", "Domova")


def test_a_title_without_words_has_no_version():
    assert read("") == []
