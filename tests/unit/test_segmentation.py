"""A recipe that says nonsense about segments is refused, and the rule is named."""

from __future__ import annotations

import pytest

from nba.config import TrainConfig
from nba.errors import ConfigError

LOOK = '{label = "A", colour = "#112233", icon = "a"}'


def refused(tmp_path, text):
    recipe = tmp_path / "shop.toml"
    recipe.write_text(text)
    with pytest.raises(ConfigError) as error:
        TrainConfig.from_toml(recipe)
    return str(error.value)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('{field = "spent", at_least = 1}', "there is no field 'spent'; write one of"),
        ('{field = "attributes.", at_least = 1}', "there is no field 'attributes.'"),
        ("{at_least = 1}", "there is no field None"),
        ('{field = "orders", more = 1}', "orders has no operator more; write one of"),
        ('{field = "orders"}', "orders has no operator; write one of"),
        ('{field = "orders", at_least = "2"}', "orders at_least takes a number, not '2'"),
        ('{field = "orders", at_least = true}', "orders at_least takes a number, not True"),
        ('{field = "orders", is = ["2"]}', "orders is a number, and '2' in is is none"),
        ('{field = "orders", is = 2}', "orders is takes a list, not 2"),
        ('{field = "orders", is = []}', "at least 1 item"),
        ('{field = "tier", at_least = 1}', "tier is a text and has no at_least"),
        ('{field = "tier", is_not = [1]}', "tier is a text, and 1 in is_not is none"),
        ('{field = "fan", is = [1]}', "fan is a flag, and 1 in is is none"),
        ('{field = "fan", has = "yes"}', "fan has takes true or false, not 'yes'"),
        (
            '{field = "attributes.a", is = [[1]]}',
            "attributes.a is takes texts, numbers or flags, not [1]",
        ),
        ('{field = "segment", is = ["champion"]}', "there is no segment 'champion'; write one of"),
        ('{field = "band", is_not = ["tiny"]}', "there is no band 'tiny'; write one of ['small'"),
        ("5", "valid dictionary"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_its_rule(tmp_path, condition, said):
    message = refused(tmp_path, f'[[segments.rule]]\nid = "vip"\nwhere = [{condition}]')
    assert "rule 'vip': " in message
    assert said in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[segments.rule]]\nid = "vip"\nwhere = []', "at least 1 item"),
        (
            '[[segments.rule]]\nid = "a"\nwhere = [{field = "fan", has = true}]\n' * 2,
            "two of rule have the id 'a'",
        ),
        ('[[segments.tier]]\nid = "a"\nat_least = 1\n' * 2, "two of tier have the id 'a'"),
        (
            '[[segments.tier]]\nid = "a"\nat_least = 2\n[[segments.tier]]\nid = "b"\nat_least = 2',
            "the boundaries of tiers are [2, 2]; write them rising",
        ),
        (
            f'[[segments.band]]\nid = "a"\nabove = 1\nlook = {LOOK}\n'
            f'[[segments.band]]\nid = "b"\nat_least = 2\nlook = {LOOK}',
            "the boundaries of bands are [2, 2]; write them rising",
        ),
        (f'[[segments.band]]\nid = "a"\nlook = {LOOK}', "band 'a' needs either at_least or above"),
        (
            f'[[segments.band]]\nid = "a"\nat_least = 1\nabove = 1\nlook = {LOOK}',
            "band 'a' needs either at_least or above",
        ),
        (f"[segments.segment_looks]\nbest = {LOOK}", "segment_looks has no 'best'; write one of"),
        (f"[segments.rhythm_looks]\ngone = {LOOK}", "rhythm_looks has no 'gone'; write one of"),
        ('[segments]\nmonetary = "fame"', "'revenue' or 'profit'"),
    ],
)
def test_bands_tiers_and_looks_that_make_no_sense_are_refused(tmp_path, text, said):
    assert said in refused(tmp_path, text)
