"""`nba decide`: the next message of one customer or of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from nba.cli.claiming import claim_messages
from nba.cli.console import AsJson, Models, give, instant, say, steps
from nba.cli.exports import DOCUMENTS, TABLES, check_ending, write_documents, write_table
from nba.cli.facts import is_store, read_facts
from nba.cli.importers import Importer, fitted, importer_of
from nba.cli.planning import plan, prices_of
from nba.vocabulary import NOTHING_SENT

if TYPE_CHECKING:
    from nba.decide.decision import Decision
    from nba.decide.policy import Policy
    from nba.domain import Part
    from nba.facts.fold import Facts

VIEWED: Final = "viewed-not-bought"
"""The audience that is about no message."""
_DIGITS: Final = 10
"""More than so many no number of parts has."""


def decide(
    shop: Annotated[str, typer.Argument(help="Folder of the shop, or the URL of a store.")],
    customer: Annotated[str | None, typer.Option("--customer", help="One customer.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every customer with an id.")] = False,
    part: Annotated[
        str | None,
        typer.Option("--part", help="With --all: one of several parts of the customers, as 1/4."),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option("--audience", help=f"Who gets this message; or {VIEWED}, for other tools."),
    ] = None,
    plan_capacity: Annotated[
        list[str] | None,
        typer.Option("--plan-capacity", help="Messages a channel can send: email=10000."),
    ] = None,
    claim: Annotated[
        bool, typer.Option("--claim", help="Write down that you send them (a store only).")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Instant to decide for; by default the last fact, to claim now."),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", help="What is known of the moment: place=shop; repeatable."),
    ] = None,
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="Playbook (TOML); owox_2011 by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to a .jsonl, .csv or .parquet file.")
    ] = None,
    importer: Annotated[
        str | None,
        typer.Option("--as", help="With the columns that a tool imports: klaviyo or mailchimp."),
    ] = None,
    models: Models = "models",
    as_json: AsJson = False,
) -> None:
    """Decide which message is due, with which products, and why the others wait."""
    from nba.artifacts.registry import open_snapshot
    from nba.config import shipped
    from nba.decide.playbook import Playbook
    from nba.decide.policy import Policy
    from nba.errors import ConfigError

    if sum((customer is not None, everyone, audience is not None, bool(plan_capacity))) != 1:
        raise ConfigError(
            "give one of --customer ID, --all, --audience NAME and --plan-capacity CHANNEL=N"
        )
    if part is not None and not everyone:
        raise ConfigError("--part takes --all: each of several processes decides for one part")
    chosen = None if part is None else _part(part)
    if claim and not is_store(shop):
        raise ConfigError(
            f"{shop} is a folder, which keeps no log of messages; claim from a store, such as "
            "sqlite:///nba.db, that nba serve --shop filled"
        )
    if claim and not (customer or everyone):
        raise ConfigError("--claim takes --customer ID or --all")
    if out is not None:
        check_ending(out, TABLES if audience == VIEWED else (DOCUMENTS, *TABLES))
    if importer is not None and (plan_capacity or audience == VIEWED):
        raise ConfigError("--as takes --customer ID, --all or --audience with a message's id")
    tool = None if importer is None else importer_of(importer, out)
    asked = _pairs(context)
    moment = None if at is None else instant(at, "--at")
    policy = Policy(
        open_snapshot(models),
        Playbook.from_toml(playbook or shipped("playbooks", "owox_2011")),
        prices=None if plan_capacity else prices_of(shop),
    )
    if claim:
        claim_messages(
            shop,
            policy,
            customer,
            part=chosen,
            at=moment,
            context=asked,
            out=out,
            importer=tool,
            as_json=as_json,
        )
        return
    facts = read_facts(shop, moment, None if customer is None else [customer], chosen)
    if customer is not None:
        _decide_one(policy, facts, asked, out, tool, as_json=as_json)
    elif plan_capacity:
        plan(shop, policy, facts, plan_capacity, context=asked, as_json=as_json)
    elif audience == VIEWED:
        _list_viewers(policy, facts, out, as_json=as_json)
    else:
        _decide_all(policy, facts, asked, audience, out, tool, as_json=as_json)


def _part(text: str) -> Part:
    """Read which part of the customers is meant.

    Raises:
        ConfigError: it is none.
    """
    from nba.domain import Part
    from nba.errors import ConfigError

    number, _, count = text.partition("/")
    if not (_is_count(number) and _is_count(count) and int(number) <= int(count)):
        raise ConfigError(f"--part {text} is no part; expected one such as 1/4, up to 4/4")
    return Part(int(number), int(count))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS and int(text) > 0


def _pairs(context: list[str] | None) -> dict[str, str]:
    """Read what is known of the moment.

    Raises:
        ConfigError: it is no key and value.
    """
    from nba.errors import ConfigError

    pairs = [one.partition("=") for one in context or ()]
    if any(not (key and value) for key, _, value in pairs):
        raise ConfigError("--context takes a key and a value, such as place=shop")
    return {key: value for key, _, value in pairs}


def _decide_one(
    policy: Policy,
    facts: Facts,
    context: Mapping[str, str],
    out: Path | None,
    tool: Importer | None,
    *,
    as_json: bool,
) -> None:
    customer = facts.customer_ids[0]
    decision = policy.decide(customer, facts, facts.as_of, context=context)
    if out is not None and out.suffix == DOCUMENTS:
        write_documents(out, [decision])
    elif out is not None:
        _write_table(out, policy.columns(facts, facts.as_of, context=context), tool)
    say(decision.explain(), as_json=as_json)
    if facts.order_start[-1] == 0:
        say(f"no order of {customer} is known at {facts.as_of}Z", as_json=as_json)
    _say_who_allowed_nothing(policy, facts, as_json=as_json)
    if as_json:
        give(decision.to_dict())


def _decide_all(
    policy: Policy,
    facts: Facts,
    context: Mapping[str, str],
    audience: str | None,
    out: Path | None,
    tool: Importer | None,
    *,
    as_json: bool,
) -> None:
    """Decide for everybody; of an audience only who gets its message is written and given."""
    from nba.errors import ConfigError

    words = [one.id for one in policy.playbook.message]
    if audience is not None and audience not in words:
        raise ConfigError(
            f"no message of {policy.playbook.id} is called {audience}; expected {VIEWED} or one "
            f"of {', '.join(words)}"
        )
    counts: Counter[str] = Counter()
    kept: list[dict[str, Any]] = []

    def pieces() -> Iterator[Mapping[str, list[Any]]]:
        counts.clear()
        for piece in policy.columns(facts, facts.as_of, context=context):
            counts.update(piece["message"])
            yield piece if audience is None else _only(piece, audience)

    def answers() -> Iterator[Decision]:
        counts.clear()
        for one in policy.stream(facts.customer_ids, facts, facts.as_of, context=context):
            word = one.message.id if one.message else NOTHING_SENT
            counts[word] += 1
            if audience in (None, word):
                if as_json:
                    kept.append(one.to_dict())
                yield one

    in_full = out is not None and out.suffix == DOCUMENTS
    with steps("decide", 1) as announce:
        announce(f"{len(facts.customer_ids):,} customers")
        if out is not None and in_full:
            write_documents(out, answers())
        elif out is not None:
            _write_table(out, pieces(), tool)
        if not in_full and (as_json or out is None):
            _exhaust(answers() if as_json else pieces())
    for name, count in counts.most_common():
        if audience in (None, name):
            say(f"{count:>9,}  {name}", as_json=as_json)
    _say_who_allowed_nothing(policy, facts, as_json=as_json)
    say(
        f"written to {out}" if out else "nothing written; add --out decisions.jsonl",
        as_json=as_json,
    )
    if as_json:
        give({"counts": dict(counts), "decisions": kept})


def _list_viewers(policy: Policy, facts: Facts, out: Path | None, *, as_json: bool) -> None:
    viewers = policy.viewed(facts, facts.as_of)
    count = len(viewers["customer_id"])
    if out is not None:
        listed = viewers | {"product_ids": [" ".join(one) for one in viewers["product_ids"]]}
        write_table(out, tuple(viewers), [listed])
    say(f"{count:,} customers looked at products and did not buy them", as_json=as_json)
    say(f"written to {out}" if out else "nothing written; add --out viewed.csv", as_json=as_json)
    if as_json:
        rows = zip(*viewers.values(), strict=True)
        give(
            {
                "audience": VIEWED,
                "customers": [dict(zip(viewers, row, strict=True)) for row in rows],
            }
        )


def _only(piece: Mapping[str, list[Any]], message: str) -> dict[str, list[Any]]:
    """Keep the customers who get a message."""
    rows = [row for row, word in enumerate(piece["message"]) if word == message]
    return {name: [cells[row] for row in rows] for name, cells in piece.items()}


def _write_table(
    out: Path, pieces: Iterable[Mapping[str, list[Any]]], tool: Importer | None
) -> None:
    """Write our columns, or those of a tool."""
    from nba.decide.telling import COLUMNS
    from nba.recommend.flat import PRODUCT_COLUMNS

    if tool is None:
        write_table(out, (*COLUMNS, *PRODUCT_COLUMNS), pieces)
    else:
        write_table(out, tuple(tool.names), (fitted(tool, piece) for piece in pieces))


def _exhaust(answers: Iterable[object]) -> None:
    for _ in answers:
        pass


def _say_who_allowed_nothing(policy: Policy, facts: Facts, *, as_json: bool) -> None:
    """Say how many get no marketing because nobody told that they want it."""
    silent, count = policy.without_consent(facts), len(facts.customer_ids)
    if not silent:
        return
    who = f"{silent:,} of {count:,} customers" if count > 1 else facts.customer_ids[0]
    say(
        f"{who} consented to no channel of {policy.playbook.id}, so no marketing is due; "
        "import who did: consents.csv with customer_id,channel,granted,at",
        as_json=as_json,
    )
