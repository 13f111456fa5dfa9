"""What a recommendation is, as Python objects and as the JSON of the API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, overload

import orjson

from nba.vocabulary import ReasonCode, Source

Figure = str | int | float | None
Evidence = Mapping[str, Figure]


_SORTED: Final = json.JSONEncoder(sort_keys=True)


def recommendation_id(
    snapshot_id: str | None, kind: str, request: Mapping[str, Any], rules: str
) -> str:
    """Give a hash of what an answer depends on: snapshot, request, and the rules that held."""
    asked = [snapshot_id, kind, request, rules]
    try:
        written = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # An id that is no Unicode, or a number that no storefront sends.
        written = _SORTED.encode(asked).encode()
    return f"r_{hashlib.sha256(written).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code, a sentence, and figures that recompute from raw rows."""

    code: ReasonCode
    text: str
    evidence: Evidence

    def to_dict(self, *, explain: bool = True) -> dict[str, Any]:
        """Give the JSON form; without `explain` the figures stay inside."""
        shown: dict[str, Any] = {"code": str(self.code), "text": self.text}
        return shown | ({"evidence": dict(self.evidence)} if explain else {})


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One product of a slate.

    Attributes:
        product_id: the product.
        rank: from 1.
        score: descending, comparable within the slate only; 9 significant digits.
        source: the evidence it rests on.
        reason: why it stands here.
        product: its card: title, category, price (minor units), sale_price, currency, link,
            image_link, availability; null where the shop does not say.
    """

    product_id: str
    rank: int
    score: float
    source: Source
    reason: Reason
    product: Mapping[str, str | int | None]

    def to_dict(self, *, explain: bool = True) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "product_id": self.product_id,
            "rank": self.rank,
            "score": self.score,
            "source": str(self.source),
            "product": dict(self.product),
            "reason": self.reason.to_dict(explain=explain),
        }


@dataclass(frozen=True, slots=True)
class Slate(Sequence[Recommendation]):
    """An ordered list of recommendations and how it came about.

    Attributes:
        type: the relation or list asked for.
        request: what was asked, with every setting that is not the default.
        items: the recommendations, best first.
        fallback: the name of the step that filled up the list, or None.
        missing_ids: products or the customer asked about that the snapshot does not know.
        excluded: rule → candidates it took out before the list was full.
        model: snapshot_id, trained_at, data_until.
        rules: a hash of the shop's rules that held; empty where none did.
    """

    type: str
    request: Mapping[str, Any]
    items: tuple[Recommendation, ...]
    model: Mapping[str, str | None]
    fallback: str | None = None
    missing_ids: tuple[str, ...] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)
    rules: str = ""

    @overload
    def __getitem__(self, index: int) -> Recommendation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Recommendation]: ...
    def __getitem__(self, index: int | slice) -> Recommendation | Sequence[Recommendation]:
        """Give one item or some."""
        return self.items[index]

    def __len__(self) -> int:
        """Count the items."""
        return len(self.items)

    @property
    def product_ids(self) -> list[str]:
        """The ids, best first."""
        return [item.product_id for item in self.items]

    @property
    def recommendation_id(self) -> str:
        """As `recommendation_id` gives it."""
        return recommendation_id(self.model["snapshot_id"], self.type, self.request, self.rules)

    def to_dict(self, *, explain: bool = True) -> dict[str, Any]:
        """Give the JSON form of the API."""
        return {
            "recommendation_id": self.recommendation_id,
            "type": self.type,
            "request": dict(self.request),
            "items": [item.to_dict(explain=explain) for item in self.items],
            "fallback": self.fallback,
            "missing_ids": list(self.missing_ids),
            "excluded": dict(self.excluded),
            "model": dict(self.model),
        }

    def to_frame(self) -> Any:  # noqa: ANN401 - a pandas DataFrame; pandas is optional
        """Give a pandas DataFrame: product_id, title, rank, score, source, reason."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "product_id": item.product_id,
                    "title": item.product["title"],
                    "rank": item.rank,
                    "score": item.score,
                    "source": str(item.source),
                    "reason": item.reason.text,
                }
                for item in self.items
            ],
            columns=["product_id", "title", "rank", "score", "source", "reason"],
        )
