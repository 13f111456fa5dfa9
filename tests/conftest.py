"""Settings of the test run, and the process that others are forked from."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.faults.forks import Forks, started

# A loaded two-core machine is slow without being wrong, so examples have no time limit; a
# continuous run repeats the same examples, so that a red one is about the change under test.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with started() as forks:
        yield forks
