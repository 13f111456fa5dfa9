"""What `nba report` reads: a shop up to now, its snapshots, and who was erased meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nba.cli.facts import is_store
from nba.cli.source import erased_of

if TYPE_CHECKING:
    import numpy as np

    from nba.artifacts.snapshot import Snapshot
    from nba.config import TrainConfig
    from nba.data.shop import Shop

_STRANGE: Final = 0.01
"""Share of a snapshot's customers or products that its shop may not know: some are erased."""

Announce = Callable[[str], None]


def up_to(shop: Shop, now: np.datetime64) -> tuple[Shop, int]:
    """Leave out what is yet to come, and count the orders that are.

    One order of a wrong year would end every figure there.
    """
    if shop.history.as_of <= now:
        return shop, 0
    known = replace(shop, history=shop.history.until(now))
    return known, len(shop.history) - len(known.history)


def check_product(shop: Shop, product: str | None) -> None:
    """See that a shop has a product, before anything is trained.

    Raises:
        ConfigError: it has not.
    """
    from nba.errors import ConfigError

    if product is None or shop.catalog.product_ids.find(product) is not None:
        return
    if shop.history.baskets().product_ids.find(product) is None:
        raise ConfigError(f"the shop knows no product {product!r}; name one that it sells")


def snapshot_of(shop: Shop, models: str, config: TrainConfig, announce: Announce) -> Snapshot:
    """Open the current snapshot where it was trained on this shop, else train one in memory."""
    from nba.artifacts.registry import open_snapshot
    from nba.errors import SnapshotError
    from nba.learn.train import train

    try:
        current = open_snapshot(models)
    except SnapshotError:
        pass
    else:
        if _is_of(current, shop):
            return current
    return train(
        shop.history, shop.catalog, config, announce=lambda step: announce(f"training: {step}")
    )


def earlier_snapshot(shop: Shop, config: TrainConfig, announce: Announce) -> Snapshot | None:
    """Train on what was known some time before the end, to see what came of it."""
    from nba.learn.train import train
    from nba.measure.report.earlier import cut_for

    cut = cut_for(shop.history)
    if cut is None:
        return None
    return train(
        shop.history,
        shop.catalog,
        config,
        as_of=cut,
        announce=lambda step: announce(f"training on what was known before: {step}"),
    )


def quality_document(shop: Shop) -> dict[str, Any]:
    """Tell what `nba check` says of a shop, and up to when."""
    from nba.data.report import data_report
    from nba.domain import iso

    return {"as_of": iso(shop.history.as_of), **data_report(shop).to_dict()}


def erased_meanwhile(shop: str, found: Shop, before: Collection[str]) -> bool:
    """Tell whether somebody in a shop was erased since it was read.

    Args:
        shop: a folder, or the URL of a store.
        found: what was read of it.
        before: of a folder, its tombstones then.

    Raises:
        DataError: the tombstones of a folder cannot be read.
        StateError: the store cannot be read.
    """
    if not is_store(shop):
        return tombstones(shop) != frozenset(before)
    history = found.history
    people = {
        *history.rows.customer_ids,
        *history.profiles.customer_ids,
        *history.told.message_log().customer_ids,
    }
    return bool(erased_of(shop, people))


def tombstones(shop: str) -> frozenset[str]:
    """Give those of a folder; a store's are asked by `erased_of`.

    Raises:
        DataError: they cannot be read.
    """
    from nba.data.tombstones import Tombstones

    return frozenset() if is_store(shop) else Tombstones.read(Path(shop)).hashes


def _is_of(snapshot: Snapshot, shop: Shop) -> bool:
    """Tell whether a snapshot was trained on a shop: all that it knows is in there."""
    from nba.domain import iso, to_instant

    history, manifest = shop.history, snapshot.manifest
    baskets = history.baskets()
    if not len(baskets) or manifest.data_from != iso(baskets.at.min()):
        return False
    sold = snapshot.products.ids.take((snapshot.products.orders > 0).nonzero()[0])
    return (
        bool(to_instant(manifest.data_until) <= history.as_of)
        and _strange(snapshot.customers.ids, history.rows.customer_ids) <= _STRANGE
        and _strange(sold, baskets.product_ids) <= _STRANGE
    )


def _strange(ids: Collection[str], known: Collection[str]) -> float:
    return len(set(ids) - set(known)) / len(ids) if len(ids) else 0.0
