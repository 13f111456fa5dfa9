"""How people write where snapshots are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba.artifacts.homes import home_of
from nba.errors import ConfigError


@pytest.mark.parametrize("written", ["s3:/bucket/models", Path("s3://bucket/models"), "gs:/b"])
def test_a_url_that_lacks_a_slash_is_no_folder(written: str | Path) -> None:
    with pytest.raises(ConfigError, match=r"is no folder; a URL has two slashes: (s3|gs)://"):
        home_of(written)


@pytest.mark.parametrize("written", ["models", "/var/models", "./s3:/bucket", "c:/models", "a:b"])
def test_a_path_is_a_folder(written: str) -> None:
    assert str(home_of(written)) == str(Path(written))
