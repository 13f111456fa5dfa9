"""Lists about one product before they are filtered, for who keeps them and filters them often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nba.artifacts.snapshot import Snapshot
from nba.recommend.eligibility import NO_FILTERS
from nba.recommend.questions import At, Question, Questions
from nba.recommend.relations import led, rounds_of
from nba.recommend.slates import Candidates


@dataclass(frozen=True, slots=True)
class Prepared:
    """What could stand in a list about one product.

    Attributes:
        question: whose list; it wants no product and leaves none out.
        rounds: candidates as `slates.fill` takes them, the most wanted first.
    """

    question: Question
    rounds: Sequence[Candidates]


class Preparing:
    """Prepares the lists of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Make the shop's rules ready."""
        self._snapshot = snapshot
        self._questions = Questions(snapshot)

    def prepare(
        self, kind: str, product: str, *, min_customers: int = 1, at: At = None
    ) -> Prepared:
        """Look up whatever could stand in a list, as the method of `Recommender` so named does.

        Args:
            kind: a word of `vocabulary.CURATED_LISTS`.
            product: an id; nothing can stand in the list of an unknown one.
            min_customers: as of that method; 1 where it takes none.
            at: the instant for which the shop's rules hold.

        Raises:
            DataError: `at` carries no zone.
        """
        question = self._questions.about(
            kind,
            [product],
            n=0,
            filters=NO_FILTERS,
            fallback=None,
            owned=(),
            strict=False,
            at=at,
            min_customers=min_customers,
            with_variants=kind == "replacements",
        )
        found = rounds_of(self._snapshot, question)
        return Prepared(question, led(self._snapshot, question, found))
