"""What a shop decided by hand: pins, bans and links between products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants, Texts


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """One row a rule, sorted by target, source, relation, kind.

    Attributes:
        kind: int8, a code of `vocabulary.RULE_KINDS`.
        source: int32 per rule: the product whose lists it is about; the target itself where it is
            about every product's.
        target: int32 per rule: the product pinned to their top, banned from them or linked.
        relation: the list it holds for, a word of `vocabulary.CURATED_LISTS`; empty = every one.
        valid_from, valid_until: datetime64[us]; NaT = no bound; the end is excluded.
    """

    kind: NDArray[np.int8]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    relation: Texts
    valid_from: Instants
    valid_until: Instants

    @classmethod
    def none(cls) -> Self:
        """No rule."""
        codes, never = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return cls(codes.astype(np.int8), codes, codes, Texts.of([]), never, never)

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.kind)
