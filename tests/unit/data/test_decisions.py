"""What a message log says was decided: who could have got what, with which chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nba.data.contacts import Decisions
from nba.data.history import OrderHistory
from nba.data.imports import import_files
from nba.data.shop import read_shop

ORDERS = pd.DataFrame(
    {
        "order_id": ["o1"],
        "ordered_at": ["2026-01-01T10:00:00Z"],
        "product_id": ["cup"],
        "quantity": [1],
    }
)
BOTH = '["digest", "none"]'


def decided(message_id: str, customer: str, message: str, **more: Any) -> dict[str, Any]:
    row = {
        "message_id": message_id,
        "decision_id": "d",
        "customer_id": customer,
        "message": message,
        "anchor": None,
        "channel": "email",
        "decided_at": "2026-01-03T00:00:00Z",
        "claimed_at": None if message == "none" else "2026-01-03T00:00:01Z",
        "propensity": None,
        "eligible": None,
        "holdout": False,
    }
    return row | more


LOG = [
    decided("m1", "ann", "digest", propensity=0.8, eligible=BOTH, anchor="2026-W01"),
    decided("m2", "bob", "none", propensity=0.2, eligible=BOTH),
    decided("m3", "cat", "none", propensity=1.0, eligible=BOTH, holdout=True),
    decided("m4", "dan", "digest", claimed_at=None),
    decided("m5", "eve", "order-status", anchor="o7/shipped", propensity=1.0),
    decided("m6", "fay", "none", propensity=0.1, eligible='["digest", "refill", "none"]'),
    decided("m7", "gil", "none", propensity=1.0, eligible='["digest", "refill", "none"]'),
    decided("m8", "hal", "none", eligible="no list at all"),
    decided("m9", "ida", "refill", propensity=7.0, eligible='["refill", "none"]', channel="pigeon"),
    decided("n1", "jon", "own-word", eligible='["own-word", "none"]'),
]
OUTCOMES = [
    ("e1", "m1", "clicked", "2026-01-04T00:00:00Z", True),
    ("e2", "m1", "clicked", "2026-01-05T00:00:00Z", False),
    ("e3", "m1", "useful", "2026-01-06T00:00:00Z", False),
    ("e4", "m1", "complained", "2026-01-07T00:00:00Z", False),
    ("e5", "m1", "unsubscribed", "2026-01-08T00:00:00Z", False),
    ("e6", "m9", "sent", "2026-01-03T00:00:00Z", False),
]


def read(log: list[dict[str, Any]], outcomes: Any = OUTCOMES) -> Decisions:
    rows = pd.DataFrame(log)
    rows["channel"] = rows["channel"].replace("pigeon", None)
    rows["propensity"] = rows["propensity"].astype(float)
    events = pd.DataFrame(outcomes, columns=["event_id", "message_id", "type", "at", "is_machine"])
    return OrderHistory.from_frame(ORDERS, messages=rows, message_events=events).told.decisions()


def rows_of(found: Decisions) -> list[tuple[str, str, bool, float, bool]]:
    return [
        (
            found.customer_ids[found.customer[row]],
            found.message_ids[found.message[row]],
            bool(~np.isnat(found.left_at[row])),
            float(found.propensity[row]),
            bool(found.is_trial[row]),
        )
        for row in range(len(found))
    ]


def test_a_row_is_a_message_that_left_or_one_that_could_have():
    assert rows_of(read(LOG)) == [
        ("ann", "digest", True, 0.8, True),
        ("bob", "digest", False, 0.2, True),
        ("cat", "digest", False, 1.0, True),
        ("eve", "order-status", True, 1.0, False),
        ("fay", "digest", False, 0.1, True),
        ("fay", "refill", False, 0.1, True),
        ("gil", "digest", False, 1.0, False),
        ("gil", "refill", False, 1.0, False),
        ("ida", "refill", True, 1.0, True),
    ]


def test_anchors_name_orders_and_people_answer():
    found = read(LOG)
    names = [found.order_ids[one] if one >= 0 else None for one in found.order]
    assert names == ["2026-W01", None, None, "o7", None, None, None, None, None]
    assert found.channel.tolist() == [0, 0, 0, 0, 0, 0, 0, 0, -1]
    assert found.is_holdout.tolist() == [False, False, True] + [False] * 6
    told = (found.answered_at[0], found.useful_at[0], found.unsubscribed_at[0])
    assert [str(one)[:10] for one in told] == ["2026-01-05", "2026-01-06", "2026-01-07"]
    assert np.isnat(found.answered_at[1:]).all()


def test_the_products_shown_are_told_as_they_were_written():
    log = [decided("m1", "ann", "digest", products="cup,pot"), decided("m2", "bob", "digest")]
    found = read(log)
    assert list(found.product_lists) == ["cup,pot"]
    assert found.shown.tolist() == [0, -1]
    assert len(found.until(np.datetime64("2026-01-03")).product_lists) == 0


def test_rows_in_any_order_are_read_alike():
    assert read(LOG) == read(LOG[::-1], OUTCOMES[::-1])


def test_a_log_without_outcomes_and_a_shop_without_a_log_are_read():
    history = OrderHistory.from_frame(ORDERS, messages=pd.DataFrame(LOG[:1]))
    assert rows_of(history.told.decisions()) == [("ann", "digest", True, 0.8, True)]
    assert OrderHistory.from_frame(ORDERS).told.decisions() == Decisions.none()


@pytest.fixture(scope="module")
def whole():
    return read(LOG)


@pytest.mark.parametrize("day", range(2, 10))
def test_what_comes_at_or_after_an_instant_leaves_no_trace(whole, day):
    def early(at: str | None) -> bool:
        return at is None or at < f"2026-01-{day:02}"

    cut = whole.until(np.datetime64(f"2026-01-{day:02}", "us"))
    log = [one for one in LOG if early(one["decided_at"])]
    if log:
        assert cut == read(log, [one for one in OUTCOMES if early(one[3])])
    else:
        assert cut == Decisions.none()


def test_a_message_decided_before_an_instant_that_left_after_it_is_not_known():
    cut = read(LOG[:1]).until(np.datetime64("2026-01-03T00:00:01", "us"))
    assert len(cut) == 0


def test_a_folder_holds_them_as_frames_do(tmp_path):
    rows = pd.DataFrame(LOG[:3])
    rows.to_csv(tmp_path / "messages.csv", index=False)
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    import_files([tmp_path / "orders.csv", tmp_path / "messages.csv"], tmp_path / "shop")
    found = read_shop(tmp_path / "shop").history.told.decisions()
    assert found == OrderHistory.from_frame(ORDERS, messages=rows).told.decisions()
    assert len(found) == 3
