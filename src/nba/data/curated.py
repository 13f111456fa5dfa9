"""The `rules` table: what a shop decides by hand about pairs of products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.rows import AT, column
from nba.domain import Instants, Texts
from nba.facts.histories import Columns
from nba.schema import RULES
from nba.vocabulary import RULE_KINDS

_KIND: Final = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(RULE_KINDS))


@dataclass(frozen=True, slots=True, eq=False)
class ProductRules(Columns):
    """One row a rule, sorted by target, source, relation, kind.

    Attributes:
        kind: int8 per rule, a code of `vocabulary.RULE_KINDS`.
        source_product_id: the product whose lists it is about; empty = every product's.
        target_product_id: the product to pin, ban or link.
        relation: a word of `vocabulary.CURATED_LISTS`; empty = every list.
        valid_from, valid_until: datetime64[us]; NaT = no bound.
    """

    kind: NDArray[np.int8]
    source_product_id: Texts
    target_product_id: Texts
    relation: Texts
    valid_from: Instants
    valid_until: Instants

    @classmethod
    def none(cls) -> Self:
        """No rules at all."""
        texts, at = Texts.of([]), np.empty(0, "datetime64[us]")
        return cls(np.empty(0, np.int8), texts, texts, texts, at, at)

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `rules` of a connection.

        Raises:
            DataError: the table breaks its contract, or a relation is no list of products.
        """
        rows = connection.execute(f"""
            SELECT DISTINCT CAST(CASE kind {_KIND} END AS TINYINT) AS kind,
                coalesce(source_product_id, '') AS source_product_id, target_product_id,
                coalesce(relation, '') AS relation, valid_from, valid_until
            FROM {conform(connection, RULES)}
            ORDER BY target_product_id, source_product_id, relation, kind, valid_from, valid_until
        """).fetchnumpy()
        return cls(
            column(rows, "kind", np.int8),
            Texts.of(rows["source_product_id"]),
            Texts.of(rows["target_product_id"]),
            Texts.of(rows["relation"]),
            column(rows, "valid_from", AT),
            column(rows, "valid_until", AT),
        )

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.kind)
