"""An entry of a mapping that is like an earlier one says only what differs."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.errors import ConfigError
from tests.unit.data.conftest import table

TWO = """
[[file]]
name = "old"
table = "flat"
detect = ["no", "old_price"]
skip = [{ where = "product = 'POST'", because = "postage" }]

[file.columns]
order_id = "no"
ordered_at = { const = "2026-03-01T10:00:00Z" }
product_id = "product"
quantity = { const = 1 }

[[file]]
name = "new"
like = "old"
detect = ["no", "new_price"]

[[file]]
name = "newest"
like = "new"
detect = ["no", "newest_price"]
skip = []
"""


def test_an_entry_takes_what_it_does_not_say_from_the_one_it_is_like(write, tmp_path):
    mapping = SourceMapping.from_toml(write("two.toml", TWO))
    for kind, expected in [("new", [("cup",)]), ("newest", [("POST",), ("cup",)])]:
        path = write(f"{kind}.csv", f"no,product,{kind}_price\n1,cup,3\n1,POST,4\n")
        import_files([path], tmp_path / kind, mapping=mapping)
        assert table(tmp_path / kind, "order_lines", "product_id") == expected


def test_an_entry_can_only_be_like_an_earlier_one(write):
    for like in ("newest", "nothing"):
        text = TWO.replace('like = "old"', f'like = "{like}"')
        with pytest.raises(ConfigError, match=f"file 2: like is '{like}'; expected the name"):
            SourceMapping.from_toml(write("two.toml", text))
