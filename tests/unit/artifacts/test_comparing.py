"""How two snapshots differ, counted by hand."""

from __future__ import annotations

from nba.artifacts.comparing import ListsChanged, lists_changed, settings_changed
from nba.config import TrainConfig
from nba.vocabulary import Relation
from tests.snapshots import Link, snapshot


def together(*pairs: tuple[str, str, float]) -> dict[Relation, list[Link]]:
    return {Relation.BOUGHT_TOGETHER: [Link(*pair) for pair in pairs]}


def told(found: list[ListsChanged], relation: str = "bought_together") -> tuple[int, int]:
    (one,) = [one for one in found if one.relation == relation]
    return one.compared, one.changed


def test_a_snapshot_differs_in_nothing_from_itself() -> None:
    one = snapshot(["a", "b", "c"], together(("a", "b", 2.0), ("b", "a", 1.0)))
    assert told(lists_changed(one, one)) == (2, 0)
    assert {one.changed for one in lists_changed(one, one)} == {0}


def test_a_list_of_other_products_changed_and_one_in_another_order_did_not() -> None:
    before = snapshot(
        ["a", "b", "c", "d"],
        together(("a", "b", 2.0), ("a", "c", 1.0), ("b", "a", 1.0), ("d", "a", 1.0)),
    )
    after = snapshot(
        ["a", "b", "c", "d"],
        together(("a", "c", 2.0), ("a", "b", 1.0), ("b", "c", 1.0), ("c", "a", 1.0)),
    )
    # Of a the order alone; b has another partner, c one more, d none any more.
    assert told(lists_changed(before, after)) == (4, 3)
    assert ListsChanged("one", 4, 3).share == 0.75
    assert ListsChanged("one", 0, 0).share is None


def test_products_of_one_snapshot_alone_are_not_compared_but_missed_in_lists() -> None:
    # The codes of all products differ between the two.
    before = snapshot(["b", "c", "gone"], together(("b", "c", 2.0), ("c", "gone", 1.0)))
    after = snapshot(["a", "b", "c"], together(("a", "b", 1.0), ("b", "c", 1.0)))
    assert told(lists_changed(before, after)) == (2, 1)
    assert told(lists_changed(after, before)) == (2, 1)


def test_what_is_behind_the_fifth_partner_is_not_seen() -> None:
    names = [f"p{number}" for number in range(8)]
    before = [("p0", f"p{number}", 9.0 - number) for number in range(1, 7)]
    after = [*before[:5], ("p0", "p7", 0.5)]
    found = lists_changed(snapshot(names, together(*before)), snapshot(names, together(*after)))
    assert told(found) == (1, 0)


def test_snapshots_without_products_or_partners_are_compared() -> None:
    assert told(lists_changed(snapshot([]), snapshot(["a"]))) == (0, 0)
    assert told(lists_changed(snapshot(["a"]), snapshot(["a"]))) == (0, 0)


def test_settings_that_differ_are_named_with_both_values() -> None:
    config = TrainConfig()
    assert settings_changed(config, config) == []
    other = TrainConfig.model_validate({"seed": 8, "copurchase": {"top_k": 20}})
    found = [(one.name, one.before, one.after) for one in settings_changed(config, other)]
    assert found == [("copurchase.top_k", 50, 20), ("seed", config.seed, 8)]
