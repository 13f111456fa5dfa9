"""Experiments and hypotheses of a shop, read out, as rows of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from nba.artifacts.segments import BAND, FAN, RFM, RULE, TIER, Segments
from nba.data.history import OrderHistory
from nba.domain import iso, to_instant
from nba.errors import ConfigError
from nba.measure.experiments.acts import acts_of
from nba.measure.experiments.definition import HELD_OUT, Experiment, Metric, instant
from nba.measure.experiments.enrolment import Entrants, entrants, sums_of
from nba.measure.experiments.files import Trial
from nba.measure.experiments.hypotheses import Hypothesis, believe, tally
from nba.measure.experiments.reading import Comparison, Reading, read
from nba.measure.experiments.size import Size, required_size
from nba.measure.experiments.sums import Sums
from nba.measure.experiments.verdict import Verdict, judge
from nba.measure.report.source import Source

MISDRAWN: Final = 0.01
"""Share of the customers of whom the log names another group than the draw, above which nothing
can be said."""


@dataclass(frozen=True, slots=True)
class Readouts:
    """What came of experiments and hypotheses, ready for JSON.

    Attributes:
        experiments: a row each.
        hypotheses: likewise.
    """

    experiments: tuple[dict[str, Any], ...] = ()
    hypotheses: tuple[dict[str, Any], ...] = ()

    def verdicts(self) -> list[dict[str, Any]]:
        """List what to do about each experiment, and what holds of each hypothesis."""
        return [
            {name: one[name] for name in ("id", "hypothesis", "verdict", "problem")}
            for one in (*self.experiments, *self.hypotheses)
        ]


def readouts(source: Source, trials: Sequence[Trial]) -> Readouts:
    """Read every experiment out, and tell what became of every hypothesis.

    Raises:
        ConfigError: an experiment names a segment that the shop does not have.
    """
    # Those of a folder are read each time that a history is asked for them.
    history = replace(source.history, read_events=lambda: source.events)
    return Readouts(
        tuple(_experiment(source, history, one) for one in trials if isinstance(one, Experiment)),
        tuple(_hypothesis(source, history, one) for one in trials if isinstance(one, Hypothesis)),
    )


def _experiment(source: Source, history: OrderHistory, one: Experiment) -> dict[str, Any]:
    size = required_size(one)
    told = {
        "id": one.id,
        "hypothesis": one.hypothesis,
        "metric": one.metric,
        "messages": list(one.messages),
        "segments": list(one.segments),
        "starts_at": iso(instant(one.starts_at)),
        "ends_at": iso(instant(one.ends_at)),
        "counted_until": iso(one.last_window),
        "window_days": one.window_days,
        "baseline": one.baseline,
        "minimum_effect": one.minimum_effect,
        "alpha": one.alpha,
        "power": one.power,
        "needed": size.total,
        "looked_at_once": size.looked_at_once,
    }
    among, problem = _among(source, one)
    entered = Entrants.nobody()
    if problem is None:
        entered = entrants(one, history, source.decisions, source.message_log, among=among)
    sums = sums_of(one, entered, history, source.sales)
    reading = read(one, sums)
    counted = sum(reading.sample_ratio.customers.values())
    verdict = None
    if problem is None:
        verdict = _judged(one, entered, reading, history.as_of)
    return told | {
        "entered": len(entered),
        "counted": counted,
        "reached": counted / size.total,
        "logged": entered.logged,
        "logged_otherwise": entered.logged_otherwise,
        "arms": _arms(one, size, sums, reading),
        "sample_ratio": {
            "p_value": reading.sample_ratio.p_value,
            "is_broken": reading.sample_ratio.is_broken,
        },
        "comparisons": [
            {"metric": metric, **_comparison(row)}
            for metric, rows in reading.comparisons.items()
            for row in rows
        ],
        "verdict": None if verdict is None else asdict(verdict),
        "problem": problem,
    }


def _judged(one: Experiment, entered: Entrants, reading: Reading, as_of: np.datetime64) -> Verdict:
    if entered.logged_otherwise > MISDRAWN * entered.logged:
        return Verdict(
            "stop",
            None,
            f"the log has {entered.logged_otherwise} of {entered.logged} customers in another "
            "group than the one drawn here; give the salt and the holdout by which they were "
            "drawn, such as the message's id for its variants",
        )
    return judge(one, reading, as_of=as_of)


def _arms(
    one: Experiment, size: Size, sums: Mapping[Metric, Mapping[str, Sums]], reading: Reading
) -> list[dict[str, Any]]:
    return [
        {
            "arm": name,
            "is_control": name == one.control,
            "is_holdout": name == HELD_OUT,
            "share": share,
            "customers": reading.sample_ratio.customers[name],
            "expected": reading.sample_ratio.expected[name],
            "needed": size.customers[name],
            "sums": [{"metric": metric, **_sums(groups[name])} for metric, groups in sums.items()],
        }
        for name, share in one.shares.items()
    ]


def _sums(one: Sums) -> dict[str, Any]:
    told = asdict(one)
    del told["customers"]  # those of the arm
    return told | {"mean": one.mean}


def _comparison(one: Comparison) -> dict[str, Any]:
    return asdict(one) | {"lift": one.lift}


def _hypothesis(source: Source, history: OrderHistory, one: Hypothesis) -> dict[str, Any]:
    told = one.model_dump(mode="json") | {"of": one.of.model_dump(), "do": one.do.model_dump()}
    nothing = dict.fromkeys(("customers", "successes", "share", "low", "high", "verdict"))
    try:
        of, do = acts_of(one, history, source.sales, source.message_log)
    except ConfigError as error:
        return told | nothing | {"problem": str(error)}
    counted = tally(one, of, do, as_of=history.as_of)
    belief = believe(one, counted)
    return told | {
        "customers": counted.customers,
        "successes": counted.successes,
        "share": belief.share,
        "low": belief.low,
        "high": belief.high,
        "verdict": {"word": belief.word, "reason": belief.reason},
        "problem": None,
    }


def _among(source: Source, one: Experiment) -> tuple[set[str] | None, str | None]:
    """Give the customers an experiment is about, None for all, and why they cannot be told.

    Segments are those at the start: what an arm does may move its customers into another one.

    Raises:
        ConfigError: there is no such segment.
    """
    if not one.segments:
        return None, None
    names = _named(source.snapshot.segments)
    if strange := sorted({*one.segments} - {*names}):
        raise ConfigError(
            f"the experiment {one.id} is about the segment {strange[0]!r}, which this shop does "
            f"not have; choose among {', '.join(sorted(names))}"
        )
    begins = instant(one.starts_at)
    old = [
        (to_instant(snapshot.manifest.data_until), snapshot.segments)
        for snapshot in (source.earlier, source.snapshot)
        if snapshot is not None and to_instant(snapshot.manifest.data_until) <= begins
    ]
    if not old:
        return None, (
            f"it is about the segments of customers as they were when it started, {iso(begins)}, "
            "and there is no snapshot that knows nothing later; train on what was known then"
        )
    _, latest = max(old, key=lambda known: known[0])
    return _members(latest, one.segments), None


def _members(segments: Segments, wanted: Sequence[str]) -> set[str]:
    """List who is in one of some segments; where two kinds share a name, the first is meant."""
    codes = {
        RFM: np.where(segments.has_bought, segments.segment, -1),
        BAND: np.where(segments.has_band, segments.band, -1),
        TIER: np.where(segments.has_tier, segments.tier, -1),
        FAN: np.where(segments.is_fan, 0, -1),
    }
    found = np.zeros(len(segments), np.bool_)
    for kind, code in _places(segments, wanted):
        if kind == RULE:
            found |= (segments.rules[:, code // 8] >> (7 - code % 8)) & 1 > 0
        else:
            found |= codes[kind] == code
    return set(segments.ids.take(np.flatnonzero(found)))


def _places(segments: Segments, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Give kind and code of segments that are known by these names."""
    named = _named(segments)
    return [named[one] for one in wanted if one in named]


def _named(segments: Segments) -> dict[str, tuple[int, int]]:
    """Map the name of each segment that customers are put into to its kind and code."""
    found: dict[str, tuple[int, int]] = {}
    for kind in (RFM, BAND, TIER, FAN, RULE):
        first, end = segments.kind_start[kind : kind + 2].tolist()
        for code, name in enumerate(segments.look_id[first:end]):
            found.setdefault(name, (kind, code))
    return found
