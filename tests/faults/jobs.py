"""What the processes do that are killed: each job says `ready`, then works until it is done."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

# Imported here, in the process that forks, so that nobody who is forked has to.
import fastapi.applications
import numpy as np
import uvicorn

import nba.cli.serve
import nba.cli.train
import nba_api.app
from nba.artifacts.mirror import CACHE
from nba.artifacts.registry import publish
from nba.artifacts.snapshot import Snapshot
from nba.cli.app import app as command_line
from nba.cli.app import main
from nba.state.ledger import ack, claim
from nba.state.store import Store
from nba.vocabulary import Relation
from tests.faults.forks import READY
from tests.snapshots import Link, snapshot
from tests.unit.state.decisions import NOON, Policy

IMPORTED = (fastapi.applications, uvicorn, nba.cli.serve, nba.cli.train, nba_api.app, command_line)
PUBLISHED = 4
"""Versions that a publisher publishes, if it is let."""


def version(number: int) -> Snapshot:
    """Give a small snapshot; each number is another, and its price says which."""
    kettle = {"id": "kettle", "price": number, "currency": "EUR"}
    links = {Relation.SIMILAR: [Link("cup", "kettle", 1.0), Link("kettle", "cup", 1.0)]}
    return snapshot(["cup", kettle, "mug"], links, popular=["kettle"])


def say(*words: Any) -> None:
    # One write, so that lines of several processes do not mix.
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def publish_on(models: str, first: int) -> None:
    """Publish one version after the other, and say the number of each that is published."""
    versions = [version(number) for number in range(first, first + PUBLISHED)]
    say(READY)
    for number, one in enumerate(versions, first):
        publish(one, Path(models))
        say(number)


def run(*arguments: str) -> None:
    """Run `nba`."""
    say(READY)
    sys.argv = ["nba", *arguments]
    main()


def run_heard(*arguments: str) -> None:
    """Run `nba` with what it says to people among its lines; nobody waits for it forever."""
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    signal.alarm(600)
    run(*arguments)


def run_apart(cache: str, *arguments: str) -> None:
    """Run `nba`, heard, as on a machine of its own: what it mirrors stands in a folder."""
    os.environ[CACHE] = cache
    run_heard(*arguments)


def run_without_room(room: int, *arguments: str) -> None:
    """Run `nba` on a disk that is full as soon as a file has so many bytes."""
    # What it says to people goes where there is room.
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    run_heard(*arguments)


def claim_all(url: str, count: int, retries: int, seed: int) -> None:
    """Claim for each of some customers so many times, in an order of one's own."""
    store = Store(url)
    customers = [f"c{number:05}" for number in range(count)] * retries
    order = np.random.default_rng(seed).permutation(len(customers))
    say(READY)
    new = sum(claim(store, customers[place], Policy(), NOON).is_new for place in order.tolist())
    say(new)
    store.close()


def send_all(url: str, outbox: str, first: int) -> None:
    """Claim, send and acknowledge for one customer after the other, from one of them on.

    To send is to write a line that a killed process leaves behind.
    """
    store = Store(url)
    with Path(outbox).open("a", encoding="ascii", buffering=1) as sent:
        say(READY)
        for number in itertools.count(first):
            found = claim(store, f"c{number:05}", Policy(), NOON)
            if found.permit is not None and found.is_new:
                sent.write(f"c{number:05} {found.permit.message_id}\n")
                ack(store, found.permit.message_id, NOON)
                say(number)
