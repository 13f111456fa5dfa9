"""The next message under any order of events, against what an oracle calls due and allowed."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.oracle.machine import Shop

EXAMPLES = int(os.environ.get("NBA_SOAK_EXAMPLES", "6"))
"""Runs of the machine for each playbook, always the same; `make soak` asks for more and others."""


@pytest.mark.parametrize("playbook", ["owox_2011", "plus_3_7_30"])
def test_what_is_given_may_be_sent_and_what_may_be_sent_is_given(playbook: str) -> None:
    machine = type("Shop", (Shop,), {"playbook": playbook, "counts": Counter()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            derandomize="NBA_SOAK_EXAMPLES" not in os.environ,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    counts = machine.counts
    assert counts["certain and given"] >= 0.95 * counts["certain"] > 0
