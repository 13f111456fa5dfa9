"""A disk that takes nothing more is a sentence and exit code 1, whoever was writing."""

from __future__ import annotations

import errno
import json
import os

import pytest

from nba.cli import app
from tests.unit.cli.shop import Run


def refusing(code: int) -> object:
    def write(**_: object) -> None:
        raise OSError(code, os.strerror(code), "cache/kernel.nbi")

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_a_disk_that_takes_no_more_is_told_in_a_sentence(
    nba: Run, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(app, "app", refusing(code))
    status, out, err = nba("train", "shop")
    assert (status, out) == (1, "")
    assert err.startswith(f"error: the disk took no more: {os.strerror(code)} (cache/kernel.nbi)")
    told = json.loads(nba("train", "shop", "--json")[1])
    assert told["error"]["exit_code"] == 1


def test_another_refusal_of_the_system_keeps_its_traceback(
    nba: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "app", refusing(errno.ENOTSOCK))
    with pytest.raises(OSError, match="socket"):
        nba("train", "shop")
