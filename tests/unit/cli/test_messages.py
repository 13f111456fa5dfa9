"""`nba messages stuck`: what was claimed and never acknowledged, and what to do about it."""

from __future__ import annotations

import json

import numpy as np

from nba.state.ledger import claim
from nba.state.store import Store
from tests.unit.cli.shop import Run
from tests.unit.state.decisions import HOUR, NOON, Message, Policy

URL = "sqlite:///nba.db"


def claimed(customer: str, expires_at: np.datetime64) -> str:
    store = Store(URL)
    permit = claim(store, customer, Policy(Message(expires_at=expires_at)), NOON).permit
    store.close()
    assert permit is not None
    return permit.message_id


def test_stuck_messages_are_listed_with_what_to_do(nba: Run) -> None:
    over, still_open = claimed("ann", NOON + HOUR), claimed("bob", NOON + 500_000 * HOUR)
    code, out, _ = nba("messages", "stuck")
    assert code == 0
    assert out.index(over) < out.index("1 past their expiry: do not send it")
    assert "1 still open: claim again" in out
    code, out, _ = nba("messages", "stuck", "--json", "--older-than", "1d")
    found = json.loads(out)["messages"]
    assert {one["message_id"]: one["is_expired"] for one in found} == {
        over: True,
        still_open: False,
    }


def test_where_nothing_is_stuck_it_says_so(nba: Run) -> None:
    Store(URL).close()
    code, out, _ = nba("messages", "stuck", "--db", URL, "--older-than", "30m")
    assert (code, out) == (0, "no message claimed 30m ago or longer waits to be acknowledged\n")


def test_a_span_that_is_none_and_a_store_that_is_not_there_are_refused(nba: Run) -> None:
    code, _, err = nba("messages", "stuck", "--older-than", "soon")
    assert (code, "expected a number and m, h or d" in err) == (2, True)
    code, _, err = nba("messages", "stuck")
    assert (code, "there is no store" in err) == (2, True)
