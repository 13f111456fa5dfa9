"""The messages customers got, as their facts hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """Messages that left, of N customers: claimed, acknowledged or sent, by instant.

    Decisions for nothing and those of the holdout did not leave. Rows of customer n are
    start[n]:start[n + 1]; those of a guest account merged into it are among them.

    Attributes:
        start: int64[N + 1].
        message: int16, a code of `vocabulary.MESSAGE_WORDS`.
        anchor: int32, a code of the facts' `anchors`; -1 where the message has none.
        order: int32, the order of the facts that the anchor begins with; -1 where none.
        channel: int8, a code of `vocabulary.CHANNELS`; -1 where nobody said.
        at: datetime64[us]: when it left: sent, else acknowledged, else claimed.
        answered_at: datetime64[us]: the first click of a person, or useful action; NaT = none.
    """

    start: NDArray[np.int64]
    message: NDArray[np.int16]
    anchor: NDArray[np.int32]
    order: NDArray[np.int32]
    channel: NDArray[np.int8]
    at: Instants
    answered_at: Instants

    @classmethod
    def none(cls, count: int) -> Self:
        """Give so many customers who never got a message."""
        code, at = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return cls(
            np.zeros(count + 1, np.int64),
            code.astype(np.int16),
            code,
            code,
            code.astype(np.int8),
            at,
            at,
        )
