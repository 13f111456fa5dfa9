"""Files of a remote home: what stores raise is told in our words, and passwords never are."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from nba.artifacts.leases import leased
from nba.artifacts.remote import Remote, shown_url
from nba.errors import HomeAwayError

LEASE = "lease/000000000001"


class Store(MemoryFileSystem):  # type: ignore[misc]
    """An object store that says in words of its own what became of a write."""

    cachable = False
    answers: Callable[[str, bytes], None]

    def pipe_file(self, path: str, value: bytes, **named: object) -> None:
        self.answers(path, value)


@pytest.fixture
def store(url: str) -> Store:
    # What it holds is cleared with all that is in memory.
    return Store()


@pytest.fixture
def remote(store: Store) -> Remote:
    return Remote("s3://bucket/models", store, "bucket/models", _is_disk=False)


def test_of_two_who_write_at_once_the_store_says_in_any_words_who_was_later(
    store: Store, remote: Remote
) -> None:
    def is_taken(path: str, value: bytes) -> None:
        MemoryFileSystem.pipe_file(store, path, b"theirs")
        raise OSError(errno.EINVAL, "At least one of the pre-conditions you specified did not hold")

    store.answers = is_taken
    assert not remote.create(LEASE, b"mine")


def test_a_write_whose_answer_was_lost_was_done(store: Store, remote: Remote) -> None:
    def loses(path: str, value: bytes) -> None:
        MemoryFileSystem.pipe_file(store, path, value)
        raise OSError(errno.EIO, "ConditionalRequestConflict")

    store.answers = loses
    assert remote.create(LEASE, b"mine")


def test_a_bucket_that_is_not_there_cannot_be_written(store: Store, remote: Remote) -> None:
    def is_absent(path: str, value: bytes) -> None:
        raise FileNotFoundError("The specified bucket does not exist")

    store.answers = is_absent
    expected = "^s3://bucket/models cannot be written: The specified bucket does not exist$"
    with pytest.raises(HomeAwayError, match=expected):
        remote.create(LEASE, b"mine")
    with pytest.raises(HomeAwayError, match=expected):
        remote.replace("current", b"one\n")
    with pytest.raises(HomeAwayError, match=expected), leased(remote):
        pass


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://me:hunter2@host/models", "ftp://host/models"),
        ("ftp://me:hun@ter2@host/models", "ftp://host/models"),
        ("ftp://me@home.example:hunter2@host/models", "ftp://host/models"),
        ("https://account/models?sv=1&sig=hunter2", "https://account/models"),
        ("abfs://models@account.dfs.core.windows.net/nba", None),
        ("s3://bucket/at:5/models@home", None),
    ],
)
def test_of_a_url_all_is_shown_but_secrets(url: str, shown: str | None) -> None:
    assert shown_url(url) == (shown or url)


def test_a_place_that_is_asked_when_it_is_named_and_is_away_is_said_to_be() -> None:
    with pytest.raises(HomeAwayError, match=r"^ftp://127\.0\.0\.1:1/models cannot be reached"):
        Remote.of("ftp://127.0.0.1:1/models")
