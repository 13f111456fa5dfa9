"""`nba` in an empty folder, and a small shop that it imported and trained on."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nba.cli import app
from tests.unit.cli.shop import CONSENTS, FLAT, Prepared, Run


@pytest.fixture
def nba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `nba` in an empty folder and give exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nba", *words])
        with pytest.raises(SystemExit) as ended:
            app.main()
        code = ended.value.code
        out = capsys.readouterr()
        return int(code or 0), out.out, out.err

    return run


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what the first test prepared is kept for the tests after it."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def prepared(nba: Run, kept: Path) -> Prepared:
    """Take the steps to what a folder is to hold, or copy what they left the first time."""

    def prepare(name: str, steps: Callable[[], None]) -> None:
        if (kept / name).exists():
            shutil.copytree(kept / name, Path.cwd(), symlinks=True, dirs_exist_ok=True)
            return
        steps()
        shutil.copytree(Path.cwd(), kept / name, symlinks=True)

    return prepare


@pytest.fixture
def shop(nba: Run, prepared: Prepared) -> Path:
    """A shop folder that `nba import` filled, with a snapshot of it in `models`."""

    def steps() -> None:
        Path("orders.csv").write_text(FLAT)
        Path("consents.csv").write_text(CONSENTS)
        assert nba("import", "orders.csv", "consents.csv", "--shop", "shop")[0] == 0
        assert nba("train", "shop")[0] == 0

    prepared("shop", steps)
    return Path("shop")
