"""The lists about products that are ready to be joined, over the snapshot as it stands now."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.recommend.prepared import Preparing
from nba_api.answers import etag_of
from nba_api.fragments import Ground, Listed, Lists, Plain, Stand, fill
from nba_api.shelf import microseconds, rules_hold_until, sales_hold_until

BODIES_BYTES: Final = 16_000_000
"""What the answers kept whole may take, roughly."""
_BODY_BYTES: Final = 600
_STEADY: Final = frozenset(("bought_together", "accessories", "similar"))
"""Lists whose candidates and reasons no price and no availability changes."""

Asked = tuple[str, bytes, bool]
"""Path and query of a request, and whether the shop itself asks."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and what names it."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Trained:
    """What of a snapshot never changes, made ready once."""

    snapshot: Snapshot
    ground: Ground
    preparing: Preparing

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Make a snapshot ready."""
        manifest = snapshot.manifest
        model = {
            "snapshot_id": manifest.snapshot_id,
            "trained_at": manifest.trained_at,
            "data_until": manifest.data_until,
        }
        return cls(snapshot, Ground(snapshot.products, model), Preparing(snapshot))


class HotLists:
    """Answers about products as they stand; only the event loop may ask it.

    Attributes:
        trained: the snapshot.
    """

    def __init__(
        self, trained: Trained, now: Snapshot, at: np.datetime64, before: HotLists | None = None
    ) -> None:
        """Keep nothing yet but what still holds.

        Args:
            trained: the snapshot.
            now: the same with its products as they stand.
            at: the instant.
            before: what answered until now.
        """
        self.trained = trained
        self._at = at
        self._stand = Stand.of(trained.ground, trained.snapshot.products, now.products)
        self._rules_until = rules_hold_until(now, at)
        self._since = microseconds(at)
        self._until = min(self._rules_until, sales_hold_until(now, at))
        same_rules = before is not None and before._rules_until == self._rules_until
        is_heir = before is not None and before.trained is trained and same_rules
        self._steady: Lists = before._steady if before is not None and is_heir else Lists()
        self._changing = Lists()
        self._preparing = Preparing(now)
        self._bodies: OrderedDict[Asked, Answer] = OrderedDict()
        self._bodies_size = 0

    def holds_at(self, instant: int) -> bool:
        """Tell whether no rule and no sale began or ended since, at microseconds since 1970."""
        return self._since <= instant < self._until

    def find(self, asked: Asked) -> Answer | None:
        """Give the answer to a question that was asked before, word for word."""
        answer = self._bodies.get(asked)
        if answer is not None:
            self._bodies.move_to_end(asked)
        return answer

    def answer(
        self, asked: Asked, kind: str, product: str, plain: Plain, min_customers: int
    ) -> Answer | None:
        """Answer a question.

        Args:
            asked: the question, word for word.
            kind: a word of `vocabulary.CURATED_LISTS`.
            product: whose list.
            plain: how many products, and which not.
            min_customers: hides what rests on the orders of fewer distinct customers.

        Returns:
            The body; None where the product is unknown, or one shown cannot be written.
        """
        listed = self._listed(kind, product, min_customers)
        if listed is None:
            return None
        body = fill(listed, self._stand, plain)
        self._lists(kind).keep((kind, product, min_customers), listed)
        if body is None:
            return None
        answer = Answer(body, etag_of(body))
        if not plain.filters:
            # Baskets differ from visitor to visitor: their answers are hardly asked for twice.
            self._keep(asked, answer)
        return answer

    def _listed(self, kind: str, product: str, min_customers: int) -> Listed | None:
        listed = self._lists(kind).find((kind, product, min_customers))
        if listed is not None or self.trained.ground.ids.find(product) is None:
            return listed
        preparing = self.trained.preparing if kind in _STEADY else self._preparing
        prepared = preparing.prepare(kind, product, min_customers=min_customers, at=self._at)
        return Listed(self.trained.ground, prepared)

    def _lists(self, kind: str) -> Lists:
        return self._steady if kind in _STEADY else self._changing

    def _keep(self, asked: Asked, answer: Answer) -> None:
        self._bodies[asked] = answer
        self._bodies_size += _size(asked, answer)
        while self._bodies_size > BODIES_BYTES:
            self._bodies_size -= _size(*self._bodies.popitem(last=False))


def _size(asked: Asked, answer: Answer) -> int:
    path, query, _ = asked
    return _BODY_BYTES + len(path) + len(query) + len(answer.body)
