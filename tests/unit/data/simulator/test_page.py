"""The page of the simulator says what the simulator does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nba.data.simulator.assortment import TYPES
from nba.data.simulator.customers import ARCHETYPES
from nba.data.simulator.pairs import ACCESSORIES, DECOYS, TOGETHER

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "simulator.md").read_text("utf-8")
QUERIES = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TRUTH = re.findall(r"^\| (\w+) \| (.*`.*) \|$", PAGE.split("## The truth")[1], re.MULTILINE)


def rows_after(header: str) -> list[list[str]]:
    """The cells of the table whose first line begins so."""
    table = PAGE[PAGE.index(header) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_table_of_pairs_is_the_one_that_is_planted():
    assert rows_after("| main | accessory |") == [
        [
            pair.main,
            pair.accessory,
            f"{pair.lag_days:g}",
            f"{pair.spread:g}",
            f"{pair.share:g}",
            "yes" if pair.needs_model else "no",
            pair.relation.replace("_", " "),
        ]
        for pair in ACCESSORIES
    ]


def test_the_table_of_decoys_is_the_one_that_is_planted():
    assert rows_after("| first | second | why |") == [
        [pair.first, pair.second, pair.why.replace("_", " "), f"{pair.share:g}"] for pair in DECOYS
    ]


def test_every_basket_pair_archetype_and_type_is_on_the_page():
    for pair in TOGETHER:
        assert f"{pair.first} + {pair.second} {pair.share:g}" in PAGE
    for one in TYPES:
        assert one.name in PAGE
    found = {row[0]: row[1:9] for row in rows_after("| archetype | account |")}
    for kind in ARCHETYPES:
        numbers = (
            *(kind.share, kind.orders_per_week, kind.rate_sigma, kind.regularity),
            *(kind.weeks, kind.extra_lines, kind.before),
        )
        assert found[kind.name] == [kind.account, *(f"{number:g}" for number in numbers)]


@pytest.mark.parametrize(("name", "words"), TRUTH)
def test_the_page_names_the_columns_of_every_file_of_the_truth(name, words, ask):
    found = [column for column, *_ in ask(f"DESCRIBE true_{name}")]
    named = [word for word in re.findall(r"`(\w+)`", words)]
    assert named == found


def test_every_file_of_the_truth_is_on_the_page(simulated):
    files = {path.stem for path in (simulated.path / "truth").glob("*.parquet")}
    assert {name for name, _ in TRUTH} == files


@pytest.mark.parametrize("number", range(3))
def test_the_queries_of_the_page_run(number, simulated, ask):
    assert len(QUERIES) == 3
    assert ask(QUERIES[number].replace("'shop/", f"'{simulated.path}/"))


def test_the_first_query_finds_the_lag_it_promises(simulated, ask):
    days, times = ask(QUERIES[0].replace("'shop/", f"'{simulated.path}/").rstrip(";\n"))[0]
    assert days == pytest.approx(7, abs=2)
    assert times > 20
