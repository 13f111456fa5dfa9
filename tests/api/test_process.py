"""The server as a process: what it loads, how it starts, refuses and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from nba.state.keys import KeyKind, Scope, create_key
from nba.state.store import Store
from nba_api.settings import Settings
from tests.api.keyed import LONG_AGO
from tests.api.shop import AS_OF, EVERY_GET, is_problem, path_of

MAPS = Path("/proc/self/maps")
HEAVY = ("pandas", "implicit", "duckdb", "pyarrow", "numba", "llvmlite")
KETTLE = path_of("products", "kettle", "bought-together")
ANN = path_of("customers", "ann", "next-message")
Arguments = Callable[..., list[str]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def arguments(shop_folder: Path, settings: Settings, tmp_path: Path) -> Arguments:
    """How `nba serve` is called for the tiny shop, with a store of its own."""

    def build(at: int, **changes: str) -> list[str]:
        options = {
            "shop": str(shop_folder),
            "db": f"sqlite:///{tmp_path / 'own.db'}",
            "models": str(settings.models),
            "as-of": AS_OF,
            "port": str(at),
        } | changes
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [sys.executable, "-m", "nba.cli.app", "serve", *words]

    return build


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """Start a server and give it with the seconds from the start to its first answer."""
    began = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            while time.monotonic() - began < 30 and process.poll() is None:
                try:
                    if httpx.get(f"{address}/health/ready", trust_env=False).status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.02)
            assert process.poll() is None, process.communicate()[1]
            yield process, time.monotonic() - began
        finally:
            process.kill()


def refused(command: Sequence[str]) -> tuple[int, str]:
    """Run a command that must end by itself; give its exit code and what it said on stderr."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr


@pytest.mark.skipif(not MAPS.exists(), reason="without /proc nobody sees what a process has loaded")
def test_a_server_that_has_answered_everything_carries_nothing_of_training(
    arguments: Arguments, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with running(arguments(port), port) as (process, with_loading):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            for path in EVERY_GET:
                assert client.get(path).status_code == 200
            assert is_problem(client.get("/unheard-of"), 404)
            assert client.get(KETTLE).headers.get("server") is None
        loaded = Path(f"/proc/{process.pid}/maps").read_text("utf-8")
    assert "numpy" in loaded
    assert not [name for name in (*HEAVY, "scipy") if f"/{name}" in loaded]
    # The second start finds a filled store.
    with running(arguments(port), port) as (_, seconds):
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
    with running(arguments(port), port) as (process, _):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
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
def test_an_address_others_can_reach_is_refused(arguments: Arguments, host: str) -> None:
    code, said = refused(arguments(free_port(), host=host))
    assert code == 2
    assert "this machine only" in said or "is no address" in said
    assert "Traceback" not in said


def test_with_keys_a_server_listens_for_everybody_and_asks_for_them(
    arguments: Arguments, tmp_path: Path
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'own.db'}")
    _, text = create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    store.close()
    port = free_port()
    with running(arguments(port, host="0.0.0.0"), port) as (process, _):
        address = f"http://127.0.0.1:{port}"
        assert is_problem(httpx.get(f"{address}{ANN}", trust_env=False), 401)
        for host in ("shop.example", "127.0.0.1"):
            shown = {"authorization": f"Bearer {text}", "host": host}
            answer = httpx.get(f"{address}{ANN}", headers=shown, trust_env=False)
            assert answer.json()["stage"] == "client"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert err == ""
    assert "asks for keys" in out
    assert "OPEN" not in out


def test_what_no_option_says_comes_from_the_environment(
    settings: Settings, shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'told.db'}"
    for name, value in (("DB", url), ("MODELS", str(settings.models)), ("AS_OF", AS_OF)):
        monkeypatch.setenv(f"NBA_{name}", value)
    port = free_port()
    words = ["serve", "--shop", str(shop_folder), "--port", str(port)]
    with running([sys.executable, "-m", "nba.cli.app", *words], port):
        answer = httpx.get(f"http://127.0.0.1:{port}{ANN}", trust_env=False)
    assert answer.json()["as_of"] == "2026-03-01T12:00:00Z"
    assert answer.json()["stage"] == "client"
    assert not (tmp_path / "nba.db").exists()


def test_a_setting_that_makes_no_sense_ends_the_start_without_telling_it(
    arguments: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBA_RATE_LIMIT", "hush-hush")
    code, said = refused(arguments(free_port()))
    assert code == 2
    assert "NBA_RATE_LIMIT" in said
    assert "hush-hush" not in said


def test_a_port_that_is_taken_is_refused_before_the_shop_is_loaded(
    arguments: Arguments, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused(arguments(port))
    assert code == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in said
    assert not (tmp_path / "own.db").exists()


def test_a_broken_shop_is_said_so_and_leaves_an_empty_store_for_a_later_start(
    arguments: Arguments, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    code, said = refused(arguments(free_port(), shop=str(broken)))
    assert code == 1
    assert "holds no orders.parquet" in said
    (broken / "orders.parquet").write_bytes(b"PAR1 no table PAR1")
    code, said = refused(arguments(free_port(), shop=str(broken)))
    assert code == 1
    assert "broken cannot be loaded" in said
    assert "Traceback" not in said
    store = Store(f"sqlite:///{tmp_path / 'own.db'}")
    assert store.is_empty()
    store.close()
    port = free_port()
    with running(arguments(port), port):
        answer = httpx.get(f"http://127.0.0.1:{port}{ANN}", trust_env=False)
    assert answer.json()["stage"] == "client"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"as-of": "2026-03-01"}, 2),
        ({"db": "postgresql://localhost:1/nba"}, 1),
        ({"db": "nonsense"}, 2),
        ({"db": "sqlite:////nowhere/at/all.db"}, 1),
        ({"playbook": "nowhere.toml"}, 2),
        ({"port": "0"}, 2),
        ({"port": "65536"}, 2),
    ],
)
def test_an_option_that_makes_no_sense_ends_the_start_with_a_sentence(
    arguments: Arguments, changes: dict[str, str], code: int
) -> None:
    found, said = refused(arguments(free_port(), **changes))
    assert found == code
    assert said
    assert "Traceback" not in said
