"""What customers have in mind: products looked at, laid in the cart, wished for, waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants, Texts


@dataclass(frozen=True, slots=True, eq=False)
class Intents:
    """Open intents of N customers: neither bought since, nor taken back.

    Rows of customer n are start[n]:start[n + 1], by kind, then opening, then product.

    Attributes:
        start: int64[N + 1].
        kind: int8, a code of `vocabulary.INTENT_KINDS`.
        product: int32, a code of the facts' `product_ids`.
        opened_at: datetime64[us]: the event that opened it: the first since it was last closed.
        last_at: datetime64[us]: the latest event of its kind about the product.
        anchor: int32: the place of the opening event's id among the facts' `anchors`; -1 where no
            message was ever about it.
        event_ids: the id of the opening event, one text a row.
    """

    start: NDArray[np.int64]
    kind: NDArray[np.int8]
    product: NDArray[np.int32]
    opened_at: Instants
    last_at: Instants
    anchor: NDArray[np.int32]
    event_ids: Texts

    @classmethod
    def none(cls, count: int) -> Self:
        """Give so many customers with nothing in mind."""
        code, at = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return cls(
            np.zeros(count + 1, np.int64), code.astype(np.int8), code, at, at, code, Texts.of([])
        )
