"""`nba erase`: a customer is forgotten by a store, a shop folder and the snapshots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nba.cli.console import AsJson, give, instant, now, say
from nba.cli.facts import opened

if TYPE_CHECKING:
    from nba.state.store import Store


def erase(
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    shop: Annotated[
        Path | None, typer.Option("--shop", help="Folder of a shop, whose files are written anew.")
    ] = None,
    db: Annotated[str | None, typer.Option("--db", help="URL of a store.")] = None,
    models: Annotated[
        str | None,
        typer.Option("--models", help="Folder of snapshots, or its URL; all of them change."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Remove a customer, and every account merged with theirs, and keep them from coming back."""
    from nba.artifacts.blanking import Blanked, blank
    from nba.checking import trimmed
    from nba.cli.keeping import erase_kept
    from nba.errors import ConfigError

    customer = trimmed(customer)
    if shop is None and db is None and models is None:
        raise ConfigError("nothing to erase from; give --db URL, --shop DIR and --models DIR")
    counts: Counter[str] = Counter()
    with ExitStack() as open_until_here:
        store = None if db is None else open_until_here.enter_context(opened(db))
        # What says that accounts are one person's goes last, so that this can be asked again.
        accounts = _accounts(store, shop, customer)
        kept, gone = ([], []) if models is None else erase_kept(models, accounts)
        blanked = Blanked() if models is None else blank(models, accounts)
        counts += _erase_rows(store, shop, accounts)
    for name, count in sorted(counts.items()):
        say(f"{count:>9,}  {name}", as_json=as_json)
    say(
        f"rows removed: {counts.total():,}, accounts: {len(accounts):,}, snapshots changed: "
        f"{len(blanked.snapshots):,}",
        as_json=as_json,
    )
    for name in kept:
        say(f"changed the statistics of {name}", as_json=as_json)
    removed = [*blanked.removed, *gone]
    for name in removed:
        say(f"removed {name}", as_json=as_json)
    say("backups, and files that were imported, still hold the customer", as_json=as_json)
    if as_json:
        give(
            {
                "customer_id": customer,
                "accounts": len(accounts),
                "erased": dict(sorted(counts.items())),
                "snapshots": list(blanked.snapshots),
                "statistics": kept,
                "removed": removed,
            }
        )


def _accounts(store: Store | None, shop: Path | None, customer: str) -> list[str]:
    """List the accounts that store and folder say are one person's; the store keeps them out."""
    from nba.data.erasing import accounts_of
    from nba.state.erasure import bury

    at = instant(now(), "now")
    found = dict.fromkeys([customer])
    if store is not None:
        found |= dict.fromkeys(bury(store, customer, at).accounts)
    if shop is not None:
        found |= {account: None for one in [*found] for account in accounts_of(shop, one)}
    if store is not None:
        found |= {account: None for one in [*found] for account in bury(store, one, at).accounts}
    return list(found)


def _erase_rows(store: Store | None, shop: Path | None, accounts: Collection[str]) -> Counter[str]:
    from nba.data.erasing import erase_customer
    from nba.state.erasure import erase

    counts: Counter[str] = Counter()
    if shop is not None:
        for one in accounts:
            counts.update(erase_customer(shop, one))
    left = list(accounts)
    while store is not None and left:
        erased = erase(store, left[0], instant(now(), "now"))
        counts.update(erased.counts)
        left = [one for one in left if one not in erased.accounts]
    return counts
