"""Experiments read out of a shop's own log."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import pytest

from nba.data.events import Events
from nba.errors import ConfigError
from nba.measure.experiments.hypotheses import Hypothesis
from nba.measure.report import definitions
from nba.measure.report.documents import experiments_document, kpis_document, readouts
from nba.measure.report.messages import main_segments
from tests.segmented import profiles, segmented
from tests.shops import day
from tests.unit.measure.enrolled import decision, drawn, logged, nothing, words
from tests.unit.measure.report.defined import undefined
from tests.unit.measure.report.sources import source_of
from tests.unit.measure.trials import trial

HELD = {"share": 0.3}
GROUPS = ("control", "tried", "holdout")


def shop(experiment, answers, *, sizes=(130, 130, 110), as_of=60, decide=None):
    """Give a shop in which so many of each group of an experiment bought a day after they entered.

    Args:
        experiment: of the groups above.
        answers: how many of each bought.
        sizes: how many each has.
        as_of: the day up to which it is known.
        decide: who decides about a customer of a group, instead of the experiment.
    """
    orders, decisions = [], []
    for group, count, bought in zip(GROUPS, sizes, answers, strict=True):
        for number, customer in enumerate(islice(drawn(experiment, group), count)):
            at = 4 + number % 20
            if group == "holdout":
                decisions.append(nothing(customer, at, holdout=True))
            else:
                decisions.append(decision(customer, at, arm=(decide or {}).get(group, group)))
            if number < bought:
                orders.append((f"o-{customer}", customer, at + 1, ["tea"]))
    return logged(orders, decisions, as_of=60).until(day(as_of))


def told(experiment, source):
    document = experiments_document(source, [experiment])
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert undefined(document, definitions.EXPERIMENTS) == set()
    (row,) = document["experiments"]
    return row


@pytest.fixture(scope="module")
def experiment():
    # Of a smaller effect so few customers would say nothing for certain.
    return words(holdout=HELD, baseline=0.15, minimum_effect=1, beside={"revenue": 15.0})


@pytest.fixture(scope="module")
def scaled(experiment):
    return source_of(shop(experiment, (20, 90, 10)))


def test_an_arm_that_is_surely_better_is_scaled(experiment, scaled):
    row = told(experiment, scaled)
    assert row["verdict"]["word"] == "scale"
    assert row["verdict"]["arm"] == "tried"
    assert "it is better: tried has 0.6923 a customer, control 0.1538" in row["verdict"]["reason"]
    assert (row["entered"], row["counted"], row["problem"]) == (370, 370, None)
    assert row["reached"] == 370 / row["needed"]
    assert row["counted_until"] == "2026-02-09T00:00:00Z"
    assert (row["logged"], row["logged_otherwise"]) == (370, 0)


def test_every_arm_has_its_sums_of_each_metric(experiment, scaled):
    arms = {one["arm"]: one for one in told(experiment, scaled)["arms"]}
    assert {name: one["customers"] for name, one in arms.items()} == {
        "control": 130,
        "tried": 130,
        "holdout": 110,
    }
    conversion, revenue = arms["tried"]["sums"]
    assert (conversion["metric"], conversion["total"], conversion["mean"]) == (
        *("conversion", 90),
        90 / 130,
    )
    assert (revenue["metric"], revenue["total"], revenue["squares"]) == ("revenue", 9000, 900_000)
    assert [one["is_control"] for one in arms.values()] == [True, False, False]
    assert arms["holdout"]["expected"] == pytest.approx(0.3 * 370)


def test_arms_are_compared_with_the_control_and_all_with_the_holdout(experiment, scaled):
    rows = told(experiment, scaled)["comparisons"]
    assert [(one["metric"], one["arm"], one["other"]) for one in rows] == [
        ("conversion", "tried", "control"),
        ("conversion", "all", "holdout"),
        ("revenue", "tried", "control"),
        ("revenue", "all", "holdout"),
    ]
    first = rows[0]
    assert first["difference"] == pytest.approx(70 / 130)
    assert first["low"] < 70 / 130 < first["high"]
    assert first["lift"] == pytest.approx(3.5)


def test_the_verdicts_stand_among_the_figures_too(experiment, scaled):
    kpis = kpis_document(scaled, experiments=[experiment])
    (row,) = kpis["experiments"]
    assert (row["id"], row["verdict"]["word"]) == ("words", "scale")
    # What the message changed, beside the holdout: 110 of 260 bought once, and 10 of 110.
    (changed,) = kpis["incremental"]
    assert (changed["treated"], changed["held_out"]) == (260, 110)
    assert changed["useful"]["treated_mean"] == 110 / 260
    assert changed["revenue"]["effect"] == pytest.approx(100 * (110 / 260 - 10 / 110))
    assert undefined(kpis, definitions.KPIS) == set()


def test_what_is_read_out_once_serves_both_documents_and_reads_events_once(experiment):
    asked = []

    def read_events():
        asked.append(None)
        return Events.none()

    history = replace(shop(experiment, (20, 90, 10)), read_events=read_events)
    source, trials = source_of(history), [experiment, belief(of={"act": "view_item"})]
    rows = readouts(source, trials)
    kpis = kpis_document(source, experiments=rows)
    document = experiments_document(source, rows)
    assert len(asked) == 1
    assert kpis == kpis_document(source, experiments=trials)
    assert document == experiments_document(source, trials)
    assert [one["id"] for one in kpis["experiments"]] == ["words", "belief"]


def test_before_two_weeks_it_waits(experiment):
    row = told(experiment, source_of(shop(experiment, (20, 90, 10), as_of=15)))
    assert row["verdict"] == {
        "word": "wait",
        "arm": None,
        "reason": "it is judged after 14 days",
    }
    # Whose first decision was on day 4 to 14, and whose week is over.
    assert 0 < row["counted"] < row["entered"] < 370


def test_a_broken_split_stops_it(experiment):
    row = told(experiment, source_of(shop(experiment, (20, 90, 10), sizes=(130, 30, 110))))
    assert row["verdict"]["word"] == "stop"
    assert "the split is broken" in row["verdict"]["reason"]
    assert row["sample_ratio"]["is_broken"]
    assert row["comparisons"] == []


def test_a_draw_that_is_not_that_of_the_log_says_nothing(experiment):
    swapped = {"control": "tried", "tried": "control"}
    row = told(experiment, source_of(shop(experiment, (20, 90, 10), decide=swapped)))
    assert row["verdict"]["word"] == "stop"
    assert "the log has 260 of 370 customers in another group" in row["verdict"]["reason"]


def in_segments(source, *, until):
    """Let a shop's snapshot know of ann, who bought for a lot, and of bob, up to an instant."""
    known = segmented(
        [("o1", "ann", 0, ["tea"] * 3)],
        {"rule": [{"id": "buyer", "where": [{"field": "orders", "at_least": 1}]}]},
        told=profiles(
            {"customer_id": "ann", "tier": "gold"}, {"customer_id": "bob", "tier": "tin"}
        ),
    )
    snapshot = replace(source.snapshot, segments=known).with_manifest(data_until=until)
    return replace(source, snapshot=snapshot)


def asked(count):
    """Give a shop that decided about the first of three customers."""
    return source_of(logged((), [decision(one, 10) for one in CUSTOMERS[:count]], as_of=60))


CUSTOMERS = ("ann", "bob", "cat")


@pytest.mark.parametrize(
    ("segments", "entered"),
    [((), 3), (("gold",), 1), (("gold", "tin"), 2), (("buyer",), 1), (("fan",), 0)],
)
def test_only_customers_of_its_segments_enter(segments, entered):
    source = in_segments(asked(3), until="2026-01-05T00:00:00Z")
    assert told(words(segments=segments), source)["entered"] == entered


def test_customers_who_bought_have_a_main_segment():
    source = in_segments(asked(3), until="2026-01-05T00:00:00Z")
    (main,) = main_segments(source.snapshot.segments).values()
    assert told(words(segments=[main]), source)["entered"] == 1


def test_segments_are_those_before_the_start():
    late = in_segments(asked(3), until="2026-01-05T00:00:00.000001Z")
    row = told(words(segments=["gold"]), late)
    assert row["verdict"] is None
    assert "no snapshot that knows nothing later" in row["problem"]
    assert (row["entered"], row["counted"], row["reached"]) == (0, 0, 0)
    earlier = in_segments(asked(3), until="2026-01-04T00:00:00Z").snapshot
    assert told(words(segments=["gold"]), replace(late, earlier=earlier))["entered"] == 1


def test_a_segment_that_the_shop_does_not_have_is_refused():
    source = asked(1)
    with pytest.raises(ConfigError, match="about the segment 'chums', which this shop does not"):
        experiments_document(source, [words(segments=["chums"])])


def test_an_experiment_of_the_future_waits():
    source = asked(1)
    row = told(trial(starts_at="2027-01-05T00:00:00Z", ends_at="2027-02-02T00:00:00Z"), source)
    assert (row["verdict"]["word"], row["entered"]) == ("wait", 0)


def belief(**fields):
    return Hypothesis.model_validate(
        {
            "id": "belief",
            "hypothesis": "half of the buyers buy again within a month",
            "threshold": 0.5,
            "window_days": 28,
            "of": {"act": "purchase"},
            "do": {"act": "purchase", "times": 2},
            **fields,
        }
    )


def test_what_became_of_a_hypothesis_is_told():
    orders = [(f"o{n}", f"c{n:03}", 0, ["tea"]) for n in range(60)]
    orders += [(f"p{n}", f"c{n:03}", 9, ["tea"]) for n in range(58)]
    (row,) = experiments_document(source_of(orders, as_of=60), [belief()])["hypotheses"]
    assert (row["customers"], row["successes"], row["share"]) == (60, 58, 58 / 60)
    assert row["verdict"]["word"] == "holds"
    assert row["low"] > 0.5
    assert row["problem"] is None


def test_a_hypothesis_about_what_nobody_tells_says_so():
    source = source_of([("o1", "ann", 0, ["tea"])], as_of=60)
    document = experiments_document(source, [belief(of={"act": "blog-visit"})])
    (row,) = document["hypotheses"]
    assert row["verdict"] is row["customers"] is row["share"] is None
    assert "nobody tells the act 'blog-visit'" in row["problem"]
    assert document["experiments"] == []
    assert undefined(document, definitions.EXPERIMENTS) == set()
