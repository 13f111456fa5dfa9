"""Filling a slate: candidates in rounds, each judged by the filters, until there are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.domain import significant
from nba.recommend.eligibility import Eligibility
from nba.recommend.questions import Question
from nba.recommend.ranking import best
from nba.recommend.results import Reason, Recommendation, Slate
from nba.vocabulary import Source

Explained = tuple[Source, Reason]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Products that could stand in a slate.

    Attributes:
        codes: int, no code twice.
        score: one a code, comparable among these.
        explain: gives source and reason of a code; asked of those that are shown alone.
    """

    codes: NDArray[np.integer]
    score: NDArray[np.floating]
    explain: Callable[[int], Explained]

    def where(self, wanted: NDArray[np.bool_]) -> Self:
        """Keep those for which `wanted` says so."""
        return type(self)(self.codes[wanted], self.score[wanted], self.explain)


def fill(snapshot: Snapshot, question: Question, rounds: Iterable[Candidates]) -> Slate:
    """Fill a slate from the first round, then from the next, until there are enough.

    Args:
        snapshot: whose products.
        question: what was asked.
        rounds: candidates, the most wanted first; a product of several rounds stands in the first
            of them. Where a later round's scores would rise above those before it, they are scaled
            down to the last of them.
    """
    items: list[Recommendation] = []
    excluded: dict[str, int] = {}
    judged = list(question.known)
    shown = list(question.beside)
    for candidates in rounds:
        if len(items) == question.n:
            break
        left = candidates.where(~np.isin(candidates.codes, judged))
        judged += left.codes.tolist()
        chosen, also = _first_eligible(left, question.n - len(items), question.eligibility, shown)
        scale = 1.0
        if items and chosen and chosen[0][1] > items[-1].score:
            scale = items[-1].score / chosen[0][1]
        for code, score in chosen:
            source, reason = candidates.explain(code)
            items.append(
                Recommendation(
                    snapshot.products.ids[code],
                    len(items) + 1,
                    significant(scale * score),
                    source,
                    reason,
                    snapshot.products.card(code),
                )
            )
        shown += [code for code, _ in chosen]
        excluded = {rule: excluded.get(rule, 0) + also.get(rule, 0) for rule in excluded | also}
    filled = any(item.source is Source.POPULAR for item in items)
    asked = {**question.request, **question.eligibility.asked()}
    model = snapshot.manifest
    return Slate(
        question.type,
        asked | ({"fallback": question.fallback} if question.fallback else {}),
        tuple(items),
        {
            "snapshot_id": model.snapshot_id,
            "trained_at": model.trained_at,
            "data_until": model.data_until,
        },
        question.fallback if filled else None,
        tuple(question.missing),
        excluded,
        question.curation.mark,
    )


def _first_eligible(
    candidates: Candidates, n: int, eligibility: Eligibility, shown: Sequence[int]
) -> tuple[list[tuple[int, float]], dict[str, int]]:
    """Take the n best candidates that may be shown beside `shown`, looking no further."""
    codes, score = candidates.codes, candidates.score
    looked = min(len(codes), 4 * n + 50)
    while True:
        ranked = best(score, looked)
        kept, excluded = eligibility.keep(codes[ranked], shown)
        if kept.sum() >= n or looked == len(codes):
            chosen = ranked[kept][:n]
            if len(chosen) == n:
                # Only what stood before the last one shown was taken out for its sake.
                last = int(np.flatnonzero(kept)[n - 1])
                _, excluded = eligibility.keep(codes[ranked[:last]], shown)
            return list(zip(codes[chosen].tolist(), score[chosen].tolist(), strict=True)), excluded
        looked = min(len(codes), 4 * looked)
