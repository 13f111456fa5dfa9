"""What a shop decided by hand, in the codes of a snapshot."""

from __future__ import annotations

import numpy as np

from nba.artifacts.rules import Rules
from nba.data.curated import ProductRules
from nba.domain import Ids


def coded_rules(rows: ProductRules, ids: Ids) -> Rules:
    """Code the products of a shop's rules.

    A rule about a product nobody knows says nothing, nor does one of a product about itself.

    Args:
        rows: as the shop gave them.
        ids: the products of the snapshot.
    """
    target = [ids.find(one) for one in rows.target_product_id]
    source = [
        found if one == "" else ids.find(one)
        for one, found in zip(rows.source_product_id, target, strict=True)
    ]
    own = [
        one == other
        for one, other in zip(rows.source_product_id, rows.target_product_id, strict=True)
    ]
    known = np.array(
        [None not in pair and not same for *pair, same in zip(source, target, own, strict=True)],
        np.bool_,
    )
    places = np.flatnonzero(known)
    return Rules(
        rows.kind[known],
        np.array([source[one] for one in places], np.int32),
        np.array([target[one] for one in places], np.int32),
        rows.relation.take(places),
        rows.valid_from[known],
        rows.valid_until[known],
    )
