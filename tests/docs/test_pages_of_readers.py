"""The pages for each reader: what they tell somebody to type runs, and every reader has one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nba
from tests.docs.test_documentation import README, block, page

READERS = {
    "for-shop-developers.md": "# For shop developers",
    "for-e-mail-marketers.md": "# For e-mail marketers",
    "for-data-scientists.md": "# For data scientists",
    "for-operators.md": "# For operators",
    "limits.md": "# What it will not do",
}


@pytest.mark.parametrize("name", READERS)
def test_the_readme_leads_every_reader_to_their_page(name: str) -> None:
    assert f"(docs/{name})" in README
    assert page(name).startswith(f"{READERS[name]}\n")


def test_a_frame_goes_in_and_a_frame_comes_out(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", block(page("for-data-scientists.md"), "python")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "filter" in ran.stdout


def test_the_names_of_the_notebook_page_exist() -> None:
    text = page("for-data-scientists.md")
    assert nba.TrainConfig(picks={"models": ["item-item"]})
    for name in ("until", "from_frame"):
        assert f".{name}(" in text
        assert hasattr(nba.OrderHistory, name)
