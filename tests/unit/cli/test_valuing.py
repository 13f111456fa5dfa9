"""`nba backtest --policy`, on a log in which one of two messages is planted to be better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nba.cli.valuing import Kept
from tests.unit.cli.shop import Prepared, Run, document

CUSTOMERS = 400
MESSAGE = """
[[message]]
id = "{id}"
tier = 2
stage = ["choosing", "client"]
kind = "personal"
channels = ["email"]
trigger = {{ on = "delivered", within = "30d" }}
value_share = 1.0
response = {response}
unsubscribe_risk = 0.001
why = "it is time"
"""


def playbook(name: str, *, explore: str = "", **responses: float) -> str:
    """Write a playbook of messages that are due at once, by their prior chances."""
    text = f'title = "{name}"\n{explore}'
    for word, response in responses.items():
        text += MESSAGE.format(id=word.replace("_", "-"), response=response)
    path = Path(f"{name}.toml")
    path.write_text(text)
    return str(path)


def write_shop(*, propensity: float) -> None:
    """Write a log: every second customer gets survey, of whom half buy; referral does nothing.

    All bought a kettle before; a tea at the end makes sure that every window is over.
    """
    orders = ["order_id,customer_id,ordered_at,product_id,quantity,unit_price"]
    consents = ["customer_id,channel,granted,at"]
    messages = ["message_id,decision_id,customer_id,message,channel,decided_at,claimed_at,"
                "propensity"]  # fmt: skip
    for number in range(CUSTOMERS):
        name = f"c{number:03}"
        orders.append(f"a{number:03},{name},2026-01-01T10:00:00Z,kettle,1,10.00")
        consents.append(f"{name},email,true,2026-01-01T10:00:00Z")
        word = "survey" if number % 2 else "referral"
        at = "2026-01-07T10:00:00Z"
        messages.append(f"m{number},d{number},{name},{word},email,{at},{at},{propensity}")
        if number % 4 == 1:
            orders.append(f"b{number:03},{name},2026-01-09T10:00:00Z,tea,1,4.00")
    orders.append("z,zoe,2026-02-01T10:00:00Z,tea,1,4.00")
    for name, lines in (("orders", orders), ("consents", consents), ("messages", messages)):
        Path(f"{name}.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def explored(nba: Run, prepared: Prepared) -> Path:
    """A shop whose log chose between two messages by chance, with a snapshot of before in early."""

    def steps() -> None:
        write_shop(propensity=0.5)
        files = ("orders.csv", "consents.csv", "messages.csv")
        assert nba("import", *files, "--shop", "shop")[0] == 0
        assert nba("train", "shop", "--as-of", "2026-01-07T00:00Z", "--models", "early")[0] == 0

    prepared("explored", steps)
    return Path("shop")


def valued(nba: Run, shop: Path, policy: str) -> Any:
    words = ("backtest", str(shop), "--policy", policy, "--models", "early")
    return document(nba(*words, "--json"))


def test_the_better_message_is_worth_what_was_planted(nba: Run, explored: Path) -> None:
    found = valued(nba, explored, playbook("better", survey=0.5, referral=0.01))
    assert (found["decisions"], found["explored"], found["greatest_weight"]) == (400, 400, 2.0)
    useful = found["useful_per_decision"]
    # 100 of 400 bought; had all got the survey, half of them would have.
    assert useful["logged"]["value"] == 0.25
    assert useful["IPS"]["value"] == pytest.approx(0.5)
    assert useful["SNIPS"]["value"] == pytest.approx(0.5)
    assert useful["IPS"]["effective_decisions"] == pytest.approx(200)
    for method in ("DR", "Switch-DR"):
        assert useful[method]["value"] == pytest.approx(0.5, abs=0.03)
        assert useful[method]["low"] < 0.5 < useful[method]["high"]
        assert useful[method]["difference"]["low"] > 0.1
    assert found["revenue_per_decision"]["SNIPS"]["value"] == pytest.approx(200)
    assert found["revenue_per_decision"]["logged"]["value"] == 100


def test_the_playbook_of_the_log_is_worth_what_the_log_earned(nba: Run, explored: Path) -> None:
    # Chance alone decides, but for a rate below 1.
    same = playbook("same", explore="[explore]\nrate = 0.999999999\n", survey=0.5, referral=0.01)
    found = valued(nba, explored, same)["useful_per_decision"]
    assert found["IPS"]["value"] == pytest.approx(0.25, abs=1e-6)
    assert found["IPS"]["difference"]["value"] == pytest.approx(0, abs=1e-6)


def test_without_a_snapshot_one_is_trained_on_what_was_known_before(
    nba: Run, explored: Path
) -> None:
    code, out, err = nba("backtest", str(explored), "--policy", playbook("good", survey=0.5))
    assert code == 0
    assert "assembling the snapshot" in err
    assert "400 decisions of 400 customers" in out
    for word in ("the log's own", "new, IPS", "new, Switch-DR", "effective decisions"):
        assert word in out


def test_what_was_drawn_of_a_log_is_told(nba: Run, explored: Path) -> None:
    good = playbook("good", survey=0.5)
    words = ("backtest", str(explored), "--policy", good, "--models", "early", "--decisions")
    code, out, _ = nba(*words, "300")
    assert code == 0
    assert "300 decisions of 300 customers" in out
    assert "300 of the log's 400 decisions were drawn by chance" in out
    found = document(nba(*words, "300", "--json"))
    assert (found["decisions"], found["left_out"]) == (300, 100)
    code, _, err = nba(*words, "120")
    assert (code, "120 of the log's 400 decisions were drawn by chance" in err) == (1, True)
    assert "draw more: --decisions" in err


def test_a_playbook_that_does_what_the_log_never_did_is_refused(nba: Run, explored: Path) -> None:
    words = ("backtest", str(explored), "--models", "early")
    code, _, err = nba(*words, "--policy", playbook("other", content=0.5))
    assert code == 1
    assert "worth 0.0 decisions" in err
    assert "[explore]" in err


def test_a_log_without_chance_is_refused_before_anything_is_trained(nba: Run) -> None:
    write_shop(propensity=1.0)
    assert nba("import", "orders.csv", "consents.csv", "messages.csv", "--shop", "shop")[0] == 0
    code, _, err = nba("backtest", "shop", "--policy", playbook("good", survey=0.5))
    assert code == 1
    assert "chance had no part in any of 400 logged decisions" in err
    assert "snapshot" not in err


def test_a_snapshot_judges_only_what_it_does_not_know(nba: Run, explored: Path) -> None:
    assert nba("train", str(explored), "--models", "late")[0] == 0
    words = ("backtest", str(explored), "--policy", playbook("good", survey=0.5))
    code, _, err = nba(*words, "--models", "late")
    assert (code, "no decision of the log can be judged" in err) == (1, True)


def test_each_decision_is_made_by_the_newest_snapshot_before_it(nba: Run, explored: Path) -> None:
    early = Kept.of("early")
    assert nba("train", str(explored), "--force", "--models", "early")[0] == 0
    both = Kept.of("early")
    assert len(both.ids) == 2
    at = np.datetime64("2026-01-07T10:00:00", "us")
    assert both.at(at).id == early.ids[0]
    assert both.at(both.known[1]).id == both.ids[1] != early.ids[0]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "--policy FILE, to value a playbook"),
        (["--models", "models", "--test-from", "2026-01-20T00:00Z"], "--models goes with --policy"),
        (
            ["--decisions", "5", "--test-from", "2026-01-20T00:00Z"],
            "--decisions goes with --policy",
        ),
        (["--policy", "good.toml", "-n", "5"], "-n is for lists"),
        (["--policy", "nowhere.toml"], "nowhere.toml"),
        (["--policy", "good.toml", "--test-from", "soon"], "--test-from"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    nba: Run, explored: Path, words: list[str], complaint: str
) -> None:
    playbook("good", survey=0.5)
    code, _, err = nba("backtest", str(explored), *words)
    assert (code, complaint in err) == (2, True), err
