from __future__ import annotations

import json
from dataclasses import replace
from statistics import NormalDist

import duckdb
import numpy as np
import pytest

from nba.measure.estimate import NORMAL_95
from nba.measure.report import theme
from nba.measure.report.pictures import monthly, series
from tests.golden.log_messages import log_history
from tests.unit.measure.report.sources import SCRIPT, source_of

# January: ann twice, bob once, a guest; February: ann once, cat twice; March has begun.
ORDERS = (
    ("o1", "ann", 0, ["kettle"]),
    ("o2", "ann", 3, ["kettle", "tea"]),
    ("o3", "bob", 5, ["tea"]),
    ("o4", None, 9, ["tea"]),
    ("o5", "ann", 40, ["tea"]),
    ("o6", "cat", 41, ["tea"]),
    ("o7", "cat", 43, ["tea", "kettle"]),
    ("o8", "cat", 60, ["tea"]),
)


def told_of(source):
    return list(monthly.months(source.sales, source.message_log, source.message_figures, shown=24))


def test_figures_of_a_month_are_a_hand_count():
    january, february, march = told_of(source_of(ORDERS))
    assert [one.is_finished for one in (january, february, march)] == [True, True, False]
    assert {name: one.value for name, one in january.figures.items()} == {
        "revenue": 500,
        "orders": 4,
        "average_order_value": 125,
        "repeat_purchase_rate": 0.5,
        "active_customers": 2,
    }
    assert {name: one.value for name, one in february.figures.items()} == {
        "revenue": 400,
        "orders": 3,
        "average_order_value": 400 / 3,
        "repeat_purchase_rate": 0.5,
        "active_customers": 3,
    }


def test_errors_are_of_the_sums_by_customer():
    january, february, _ = told_of(source_of(ORDERS))
    # 300 of ann, 100 of bob, 100 of the guest.
    assert january.figures["revenue"].error == pytest.approx((3e2**2 + 2 * 1e2**2) ** 0.5)
    assert january.figures["revenue"].customers == 3
    # From January to February ann -200, bob -100, the guest -100, cat +300.
    change, error = february.figures["revenue"].change_from(january.figures["revenue"])
    assert change == -100
    assert error == pytest.approx((2e2**2 + 2 * 1e2**2 + 3e2**2) ** 0.5)
    # Only cat is new among the active.
    change, error = february.figures["active_customers"].change_from(
        january.figures["active_customers"]
    )
    assert (change, error) == (1, 1)


def useful_of_delivered(source) -> dict[str, float]:
    """Count the share by month, message by message."""
    found: dict[str, list[bool]] = {}
    figures = source.message_figures.figures
    for row, at in enumerate(source.message_log.left_at.astype("datetime64[M]")):
        if figures["delivered"][row]:
            found.setdefault(str(at), []).append(figures["useful"][row] > 0)
    return {month: sum(told) / len(told) for month, told in found.items()}


@pytest.mark.parametrize("history", [None, log_history()], ids=["small", "golden"])
def test_figures_are_those_of_the_documents(history):
    source = source_of(ORDERS if history is None else history)
    told = told_of(source)
    messages = useful_of_delivered(source)
    assert len(told) == len(source.kpis.months)
    for one, period in zip(told, source.kpis.months, strict=True):
        assert one.is_finished == period.is_finished
        values = {name: figure.value for name, figure in one.figures.items()}
        assert values["active_customers"] == period.counts.end
        assert values.get("useful_share") == pytest.approx(messages.get(str(one.month)))
        for name in ("revenue", "orders", "average_order_value", "repeat_purchase_rate"):
            assert values.get(name) == pytest.approx(getattr(period.sums, name))


def test_what_each_customer_adds_is_kept_of_the_months_that_are_compared():
    later = (("o9", "ann", 95, ["tea"]), ("o10", "bob", 100, ["tea"]))
    told = told_of(source_of((*ORDERS, *later), as_of=101))
    kept = {
        str(one.month): {figure.influence is not None for figure in one.figures.values()}
        for one in told
    }
    assert kept == {"2026-01": {False}, "2026-02": {True}, "2026-03": {True}, "2026-04": {False}}
    january, february = told[0].figures["revenue"], told[1].figures["revenue"]
    assert january.error == pytest.approx((3e2**2 + 2 * 1e2**2) ** 0.5)
    with pytest.raises(ValueError, match="last two finished months"):
        february.change_from(january)


def test_errors_are_those_of_drawing_customers_anew():
    random = np.random.default_rng(7)
    orders = random.poisson(2, 400).astype(float)
    revenue = orders * random.gamma(2, 50, 400)
    weight = random.poisson(1, (4000, 400))
    sums = weight @ revenue
    assert monthly.total(revenue).error == pytest.approx(sums.std(), rel=0.05)
    ratios = sums / (weight @ orders)
    assert monthly.share(revenue, orders).error == pytest.approx(ratios.std(), rel=0.05)


def test_the_interval_of_a_share_is_wilsons():
    whole = np.ones(10)
    low, high = monthly.interval("repeat_purchase_rate", monthly.share(np.zeros(10), whole))
    # Nobody of ten: z^2 / (n + z^2).
    assert (low, high) == pytest.approx((0.0, NORMAL_95**2 / (10 + NORMAL_95**2)))
    some = np.arange(40) < 10
    low, high = monthly.interval(
        "repeat_purchase_rate", monthly.share(some.astype(float), np.ones(40))
    )
    # As scipy's binomtest(10, 39.0) would: of 39 trials, as one freedom went into the mean.
    assert 0 < low < 0.25 < high < 1
    assert low == pytest.approx(0.1411, abs=2e-3)
    assert high == pytest.approx(0.4045, abs=2e-3)


def test_a_message_of_which_no_delivery_is_told_is_in_no_share():
    # All were useful; of two in three no delivery is told.
    source = source_of(log_history())
    count = len(source.message_log)
    figures = {"useful": np.ones(count, np.int64), "delivered": np.arange(count) % 3 // 2}
    told = monthly.months(
        source.sales, source.message_log, replace(source.message_figures, figures=figures), shown=24
    )
    for one in series.rows(list(told)):
        if one["figure"] == "useful_share":
            assert (one["value"], one["high"]) == pytest.approx((1, 1))
            assert 0 < one["low"] < 1


@pytest.mark.parametrize("value", [0.0, 1 / 3, 1.0])
def test_an_error_of_nothing_but_rounding_leaves_a_share_unsure(value):
    # As many trials as there are customers, and not a thousand million of them.
    figure = monthly.Figure.of(value, np.full(4, 1e-17), 4)
    low, high = monthly.interval("useful_share", figure)
    assert 0 <= low <= value <= high + 1e-12
    assert high <= 1
    assert high - low > 0.4


def test_a_figure_of_one_customer_has_no_interval():
    alone = np.array([5.0, 0.0])
    assert monthly.interval("revenue", monthly.total(alone)) is None
    assert monthly.share(alone, np.zeros(2)) is None


def test_the_last_whole_month_is_held_against_the_one_before():
    found = series.changes(told_of(source_of(ORDERS)))
    assert [one["figure"] for one in found] == list(monthly.FIGURES[:-1])
    assert {(one["before"], one["month"]) for one in found} == {("2026-01", "2026-02")}
    # Five figures are looked at; a day's revenue was 500 / 31, then 400 / 28.
    change = 400 / 28 - 500 / 31
    assert found[0]["change"] == pytest.approx(change)
    # Ann 100 / 28 - 300 / 31, bob and the guest -100 / 31, cat 300 / 28.
    parts = np.array([100 / 28 - 300 / 31, -100 / 31, -100 / 31, 300 / 28])
    reach = NormalDist().inv_cdf(1 - 0.05 / 5 / 2) * (parts @ parts) ** 0.5
    assert (found[0]["low"], found[0]["high"]) == pytest.approx((change - reach, change + reach))
    assert series.changes(told_of(source_of(ORDERS[:4]))) == []


def bought(days: int, customers: int) -> list:
    """Let customers in turn buy tea, one a day."""
    return [(f"o{one:03}", f"c{one % customers}", one, ["tea"]) for one in range(days)]


def test_a_shorter_month_has_not_lost_anything():
    # An order a day: 28 in February after 31 in January.
    found = series.changes(told_of(source_of(bought(60, 59))))
    moved = {one["figure"]: one["change"] for one in found}
    assert moved["orders"] == moved["revenue"] == 0


def test_others_are_others_only_where_the_first_one_changed():
    # Ninety buyers in January and seven in February, who bought as much as before.
    january = [(f"j{one:02}", f"c{one:02}", one % 28, ["tea"]) for one in range(90)]
    few = [(f"f{one}", f"c{one:02}", 33 + one, ["tea"]) for one in range(7)]
    last = [("m1", "c00", 60, ["tea"])]
    reading = series.draw(source_of([*january, *few, *last])).reading
    assert "Changed beyond chance, too: orders 7, -2.65 a day" in reading
    few = [(f"f{one:02}", f"c{one:02}", 31 + one % 28, ["tea"]) for one in range(82)]
    reading = series.draw(source_of([*january, *few, *last])).reading
    assert "No figure changed beyond chance." in reading


def marked(**told):
    """Give the small shop with a manifest that says something else of itself."""
    source = source_of(ORDERS)
    manifest = source.snapshot.manifest.model_copy(update=told)
    return replace(source, snapshot=replace(source.snapshot, manifest=manifest))


def test_the_picture_says_what_it_shows():
    source = marked(data_until="2026-02-10T12:00:00Z")
    picture = series.draw(source)
    assert picture.reading == (
        "In 2026-02, revenue was 4.00 EUR, -0.02 EUR a day (95 % jointly: -0.36 to +0.32) against "
        "2026-01. No figure changed beyond chance. 2026-03 is not over: its points stand hollow."
    )
    drawn = theme.svg(picture)
    assert "Revenue, 2026-03: 1.00 EUR; not over" in drawn
    assert ">not over<" in drawn
    assert "model knew up to here" in drawn
    assert SCRIPT not in drawn


def test_a_model_is_marked_where_its_data_end():
    until = "2026-02-10T12:00:00Z"
    assert series.marks(marked(data_until=until)) == [
        {"at": until, "label": "model knew up to here"}
    ]
    # Trained long after: there is no place for it.
    assert series.marks(marked(trained_at="2031-01-01T00:00:00Z")) == []


def test_messages_have_a_place_where_there_are_any():
    picture = series.draw(source_of(log_history()))
    assert "Useful messages, 2026-01: " in json.dumps(picture.chart.to_dict())


@pytest.mark.parametrize(
    "orders",
    [(), [("o1", None, 0, ["tea"])], [("o1", "ann", 0, ["tea"])]],
    ids=["none", "a guest", "one customer"],
)
def test_without_a_whole_month_there_is_no_picture(orders):
    picture = series.draw(source_of(orders))
    assert picture.chart is None
    assert picture.reading.endswith(".")


def test_a_month_without_orders_has_no_average():
    source = source_of([("o1", "ann", 0, ["tea"]), ("o2", "ann", 70, ["tea"])], as_of=89.5)
    february = told_of(source)[1]
    assert february.figures.keys() == {"revenue", "orders", "active_customers"}
    points = [one for one in series.rows(told_of(source)) if one["figure"] == "orders"]
    assert [(one["value"], one["low"]) for one in points] == [(1, None), (0, None), (1, None)]
    # All of one customer: nothing can be said of how sure a change is.
    assert {one["low"] for one in series.changes(told_of(source))} == {None}


def test_a_new_playbook_is_marked_when_it_first_decides(tmp_path):
    rows = ", ".join(
        f"('m{number}', 'd{number}', 'c1', 'digest', TIMESTAMPTZ '{at}', '{playbook}')"
        for number, (at, playbook) in enumerate(
            [
                ("2026-01-05 10:00:00Z", "old"),
                ("2026-02-03 10:00:00Z", "new"),
                ("2026-02-01 10:00:00Z", "old"),
                ("2026-02-04 10:00:00Z", "new"),
                ("2031-01-01 10:00:00Z", "of the future"),
            ]
        )
    )
    duckdb.sql(
        f"COPY (SELECT * FROM (VALUES {rows}) AS told"
        "(message_id, decision_id, customer_id, message, decided_at, playbook_id)) "
        f"TO '{tmp_path / 'messages.parquet'}' (FORMAT parquet)"
    )
    source = replace(
        marked(data_until="1999-01-01T00:00:00Z"), shop=source_of(ORDERS, path=tmp_path).shop
    )
    assert series.marks(source) == [{"at": "2026-02-03T10:00:00Z", "label": "playbook new"}]
