"""The server as a process: what it loads, how it starts, refuses and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from nba.state.keys import KeyKind, Scope, create_key
from nba.state.store import Store
from nba_api.settings import Settings
from tests.api.keyed import LONG_AGO
from tests.api.shop import AS_OF, EVERY_GET, is_problem, path_of
from tests.faults.forks import Forks
from tests.servers import caller_of, forked, free_port, refused, running

MAPS = Path("/proc/self/maps")
HEAVY = ("pandas", "implicit", "duckdb", "pyarrow", "numba", "llvmlite")
KETTLE = path_of("products", "kettle", "bought-together")
ANN = path_of("customers", "ann", "next-message")
NBA: Final = (sys.executable, "-m", "nba.cli.app")
Arguments = Callable[..., list[str]]


@pytest.fixture
def arguments(shop_folder: Path, own: Settings) -> Arguments:
    """How `nba serve` is called for the tiny shop, whose own store holds it already."""

    def build(at: int, **changes: str) -> list[str]:
        options = {
            "shop": str(shop_folder),
            "db": own.db,
            "models": str(own.models),
            "as-of": AS_OF,
            "port": str(at),
        } | changes
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return ["serve", *words]

    return build


@pytest.fixture
def empty(tmp_path: Path) -> str:
    """The URL of a store that is not there yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.mark.skipif(not MAPS.exists(), reason="without /proc nobody sees what a process has loaded")
def test_a_server_that_has_answered_everything_carries_nothing_of_training(
    arguments: Arguments, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    command = [*NBA, *arguments(port, db=empty)]
    with running(command, port) as (process, with_loading):
        with caller_of(port) as client:
            for path in EVERY_GET:
                assert client.get(path).status_code == 200
            assert is_problem(client.get("/unheard-of"), 404)
            assert client.get(KETTLE).headers.get("server") is None
        loaded = Path(f"/proc/{process.pid}/maps").read_text("utf-8")
    assert "numpy" in loaded
    assert not [name for name in (*HEAVY, "scipy") if f"/{name}" in loaded]
    # The second start finds a filled store.
    with running(command, port) as (_, seconds):
        pass
    with capsys.disabled():
        print(f"\nstart to first answer: {seconds:.2f} s; with loading: {with_loading:.2f} s")
    assert seconds < 10


def test_a_fresh_interpreter_that_answers_everything_imports_nothing_of_training(
    settings: Settings,
) -> None:
    program = """
import sys, warnings
warnings.simplefilter("ignore")
from fastapi.testclient import TestClient
from nba_api.app import create_app
from tests.api.shop import EVERY_GET
with TestClient(create_app()) as client:
    for path in EVERY_GET:
        assert client.get(path).status_code == 200, path
    assert client.post("/v1/models:rollback").status_code == 409
heavy = {"pandas", "implicit", "duckdb", "pyarrow", "numba", "scipy", "joblib", "typer"}
print(sorted(heavy & set(sys.modules)))
"""
    environment = {**os.environ, "NBA_MODELS": str(settings.models), "NBA_DB": settings.db}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**environment, "NBA_AS_OF": AS_OF},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_what_is_under_way_and_is_a_success(
    arguments: Arguments, stop: signal.Signals
) -> None:
    port = free_port()
    with running([*NBA, *arguments(port)], port) as (process, _):
        with caller_of(port) as client:
            assert client.get(ANN).status_code == 200
            began = time.monotonic()
            process.send_signal(stop)
            out, err = process.communicate(timeout=20)
        assert time.monotonic() - began < 5
        assert process.returncode == 0
        assert err == ""
        lines = out.splitlines()
    assert f"http://127.0.0.1:{port}" in lines[1]
    assert "OPEN: no keys, this machine only" in lines[1]
    assert lines[-1] == "stopped"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example", ""])
def test_an_address_others_can_reach_is_refused(
    forks: Forks, arguments: Arguments, host: str
) -> None:
    code, said = refused(forks, arguments(free_port(), host=host))
    assert code == 2
    assert "this machine only" in said or "is no address" in said
    assert "Traceback" not in said


def test_with_keys_a_server_listens_for_everybody_and_asks_for_them(
    forks: Forks, arguments: Arguments, store: Store
) -> None:
    _, text = create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    port = free_port()
    job = forked(forks, arguments(port, host="0.0.0.0"))
    with caller_of(port) as client:
        assert is_problem(client.get(ANN), 401)
        for host in ("shop.example", "127.0.0.1"):
            shown = {"authorization": f"Bearer {text}", "host": host}
            assert client.get(ANN, headers=shown).json()["stage"] == "client"
    os.kill(job.pids[0], signal.SIGTERM)
    assert job.codes() == [0]
    said = "\n".join(job.lines)
    assert "asks for keys" in said
    assert "OPEN" not in said


def test_with_keys_there_is_no_storefront(forks: Forks, arguments: Arguments, store: Store) -> None:
    create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    code, said = refused(forks, [*arguments(free_port()), "--storefront"])
    assert code == 2
    assert "anybody could order in anybody's name" in said


def test_what_no_option_says_comes_from_the_environment(
    settings: Settings, shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'told.db'}"
    for name, value in (("DB", url), ("MODELS", str(settings.models)), ("AS_OF", AS_OF)):
        monkeypatch.setenv(f"NBA_{name}", value)
    port = free_port()
    words = ["serve", "--shop", str(shop_folder), "--port", str(port)]
    with running([*NBA, *words], port), caller_of(port) as client:
        answer = client.get(ANN)
    assert answer.json()["as_of"] == "2026-03-01T12:00:00Z"
    assert answer.json()["stage"] == "client"
    assert not (tmp_path / "nba.db").exists()


def test_a_setting_that_makes_no_sense_ends_the_start_without_telling_it(
    arguments: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBA_RATE_LIMIT", "hush-hush")
    command = [*NBA, *arguments(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "NBA_RATE_LIMIT" in done.stderr
    assert "hush-hush" not in done.stderr


def test_a_port_that_is_taken_is_refused_before_the_shop_is_loaded(
    forks: Forks, arguments: Arguments, empty: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused(forks, arguments(port, db=empty))
    assert code == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in said
    assert not (tmp_path / "empty.db").exists()


def test_a_broken_shop_is_said_so_and_leaves_an_empty_store_for_a_later_start(
    forks: Forks, arguments: Arguments, empty: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    code, said = refused(forks, arguments(free_port(), shop=str(broken), db=empty))
    assert code == 1
    assert "holds no orders.parquet" in said
    (broken / "orders.parquet").write_bytes(b"PAR1 no table PAR1")
    code, said = refused(forks, arguments(free_port(), shop=str(broken), db=empty))
    assert code == 1
    assert "broken cannot be loaded" in said
    assert "Traceback" not in said
    store = Store(empty)
    assert store.is_empty()
    store.close()
    port = free_port()
    job = forked(forks, arguments(port, db=empty))
    with caller_of(port) as client:
        assert client.get(ANN).json()["stage"] == "client"
    job.kill()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"as-of": "2026-03-01"}, 2),
        ({"starts-at": "2026-03-01"}, 2),
        # It would stand and run.
        ({"starts-at": AS_OF}, 2),
        ({"db": "postgresql://localhost:1/nba"}, 1),
        ({"db": "nonsense"}, 2),
        ({"db": "sqlite:////nowhere/at/all.db"}, 1),
        ({"playbook": "nowhere.toml"}, 2),
        ({"port": "0"}, 2),
        ({"port": "65536"}, 2),
    ],
)
def test_an_option_that_makes_no_sense_ends_the_start_with_a_sentence(
    forks: Forks, arguments: Arguments, changes: dict[str, str], code: int
) -> None:
    found, said = refused(forks, arguments(free_port(), **changes))
    assert found == code
    assert said
    assert "Traceback" not in said
