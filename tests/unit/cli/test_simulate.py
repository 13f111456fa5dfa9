"""`nba simulate`: a shop written, and a playbook played beside a calendar and silence."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nba.cli import app
from nba.cli.arms import addressed, likeliest, spaced
from nba.config import shipped
from nba.decide.playbook import Playbook
from tests.unit.data.simulator.foreign import write_shop

Run = Callable[..., tuple[int, str, str]]
ARMS = [
    "nothing",
    "calendar",
    "targeted calendar",
    "greedy",
    "policy",
    "policy above 4",
    "learning",
    "oracle",
]
PLAYBOOK = str(shipped("playbooks", "owox_2011"))


@pytest.fixture
def nba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `nba` in an empty folder and give exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nba", *words])
        with pytest.raises(SystemExit) as ended:
            app.main()
        out = capsys.readouterr()
        return int(ended.value.code or 0), out.out, out.err

    return run


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("foreign") / "shop", orders_per_week=0.2)


def document(result: tuple[int, str, str]) -> Any:
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def test_a_shop_is_written_and_the_next_command_named(nba: Run) -> None:
    code, out, err = nba("simulate", "--out", "shop", "--orders", "300")
    assert code == 0, err
    assert "next: nba train shop" in out
    assert Path("shop/truth/world.parquet").is_file()
    assert nba("train", "shop")[0] == 0


def test_a_shop_is_written_over_a_simulated_one_and_over_nothing_else(nba: Run) -> None:
    written = document(nba("simulate", "--out", "shop", "--orders", "300", "--json"))
    assert written["path"] == "shop"
    assert nba("simulate", "--out", "shop", "--orders", "300")[0] == 0
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear")
    code, _, err = nba("simulate", "--out", "mine", "--orders", "300")
    assert code == 2
    assert "mine holds files and is no simulated shop" in err
    assert [one.name for one in Path("mine").iterdir()] == ["letter.txt"]


def test_a_playbook_is_played_beside_a_calendar_and_silence(nba: Run, foreign: Path) -> None:
    words = ["simulate", "--policy", PLAYBOOK, "--truth", str(foreign), "--days", "10"]
    code, out, err = nba(*words)
    assert code == 0, err
    assert re.search(" +".join(ARMS), out)
    assert "profit over nothing, per 1,000 customers" in out
    assert "messages of policy" in out
    assert "messages of nothing" not in out
    played = document(nba(*words, "--json"))
    assert list(played["arms"]) == ARMS
    assert played["arms"]["nothing"]["messages"] == 0
    assert played["arms"]["policy"]["messages"] > 0
    assert {one["message"] for one in played["arms"]["policy"]["per_message"]} <= {
        one.id for one in Playbook.from_toml(PLAYBOOK).message
    }


def test_only_so_many_customers_and_days_are_played(nba: Run, foreign: Path) -> None:
    words = ["simulate", "--policy", PLAYBOOK, "--truth", str(foreign), "--customers", "5"]
    # The learning arm learns on the 29th day.
    played = document(nba(*words, "--days", "30", "--json"))
    assert played["days"] == 30
    assert {arm["customers"] for arm in played["arms"].values()} == {5}


def test_without_a_shop_several_seeds_are_several_shops_with_intervals_over_them(nba: Run) -> None:
    words = ["--orders", "300", "--customers", "10", "--days", "2", "--seeds", "2", "--seed", "4"]
    played = document(nba("simulate", "--policy", PLAYBOOK, *words, "--json"))
    assert played["seeds"] == [4, 5]
    assert played["arms"]["policy"]["customers"] == 20
    profit = played["arms"]["nothing"]["profit_per_1000"]
    assert profit["low"] <= profit["mean"] <= profit["high"]
    assert set(played["differences"]) >= {"policy - calendar", "policy - greedy"}
    assert list(Path().iterdir()) == []


def test_both_frontiers_are_played_where_they_are_asked_for(nba: Run, foreign: Path) -> None:
    words = ["simulate", "--policy", PLAYBOOK, "--truth", str(foreign), "--days", "1", "--frontier"]
    code, out, err = nba(*words, "--json")
    told = json.loads(out)
    assert code == 0, err
    assert "targeted calendar every 14 days" in err
    assert "policy above 40" in err
    assert list(told["arms"]) == ARMS
    theirs = [one["arm"] for one in told["frontier"]["theirs"]]
    assert theirs[:3] == ["calendar", "targeted calendar", "targeted calendar every 4 days"]
    assert len(told["frontier"]["ours"]) == 4


def test_a_targeted_calendar_leaves_out_what_everybody_gets() -> None:
    playbook = Playbook.from_toml(shipped("playbooks", "owox_2011"))
    left_out = {one.id for one in playbook.message} - {
        one.id for one in addressed(playbook).message
    }
    assert left_out == {"digest"}


def test_a_calendar_with_a_gap_sends_no_more_than_one_without() -> None:
    playbook = Playbook.from_toml(PLAYBOOK)
    assert spaced(playbook, 7).caps.min_gap == 7 * 86_400
    assert spaced(playbook, 0) == playbook
    assert likeliest(playbook).objective == "response"
    assert likeliest(playbook).message == playbook.message


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        ([], 2, "either --out DIR"),
        (["--out", "shop", "--policy", PLAYBOOK], 2, "either --out DIR"),
        (["--out", "shop", "--truth", "."], 2, "--truth goes with --policy"),
        (["--out", "shop", "--days", "3"], 2, "--days goes with --policy"),
        (["--out", "shop", "--customers", "3"], 2, "--customers goes with --policy"),
        (["--out", "shop", "--seeds", "3"], 2, "--seeds goes with --policy"),
        (["--out", "shop", "--frontier"], 2, "--frontier goes with --policy"),
        (["--policy", PLAYBOOK, "--hour", "24"], 2, "--hour"),
        (["--policy", PLAYBOOK, "--truth", ".", "--orders", "9"], 2, "exists already"),
        (["--policy", "nowhere.toml", "--truth", "."], 2, "nowhere.toml"),
        (["--policy", PLAYBOOK, "--truth", "nowhere"], 2, "nowhere"),
        (["--policy", PLAYBOOK, "--truth", "."], 1, "there is no products.parquet"),
        (["--out", "shop", "--orders", "0"], 2, "--orders"),
        (["--out", "file"], 2, "file is a file"),
    ],
)
def test_what_makes_no_sense_is_refused(
    nba: Run, words: list[str], code: int, complaint: str
) -> None:
    Path("file").write_text("")
    found, _, err = nba("simulate", *words)
    assert found == code, err
    assert complaint in err
