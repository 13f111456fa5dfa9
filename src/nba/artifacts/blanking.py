"""Erased customers leave every kept snapshot; what is known of everybody else stays as it was.

Codes stay too, so that nothing else has to be written: an erased customer's place is taken by an
id that nobody has, and that sorts where theirs did.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.arrays import sha256, to_npy
from nba.artifacts.files import SNAPSHOTS, put, sweep, sync, write_synced
from nba.artifacts.homes import Models, home_of
from nba.artifacts.kept_sums import clear_statistics
from nba.artifacts.parts import parts_of, read_only
from nba.artifacts.registry import current_id, point, read_sound
from nba.artifacts.reports import clear_reports
from nba.artifacts.snapshot import MANIFEST, Manifest, Snapshot, array_of, blanked_path, digest_of
from nba.domain import Ids, Texts
from nba.errors import HomeAwayError, SnapshotError

BLANK: Final = "\0"
"""What no id of an import or a post holds, and what sorts before every other character."""
PURCHASES: Final = {
    "customers": ("product", "orders", "first_at", "last_at", "decayed"),
    "repurchase": ("known", "last_day", "evidence", "location", "share", "chance"),
}
"""Arrays with one row a purchase: those of erased customers are left out."""
BUYERS: Final = {
    "customers": ("order_count", "pace"),
    "rhythm": ("days", "first_day", "last_day", "repeat_profit", "at_risk_day", "year_profit"),
}
"""Arrays with one row a customer of `Customers`: those of erased ones become 0."""
MEMBERS: Final = {
    "segments": (
        *("has_bought", "recency_score", "frequency_score", "monetary_score", "segment"),
        *("order_days", "days_since_last", "monetary", "spend", "is_banded", "has_band", "band"),
        *("has_tier", "tier", "has_points", "points", "is_fan", "fan_score", "reviews"),
        *("referrals", "rules"),
    )
}
"""Arrays with one row a customer of `Segments`: likewise."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Blanked:
    """What became of a models home.

    Attributes:
        snapshots: ids of those from which somebody was erased.
        removed: names of those that could not be read, of the reports, and of kept statistics, all
            of which are gone.
    """

    snapshots: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def blank(models: Models, customers: Collection[str]) -> Blanked:
    """Erase customers from every snapshot of a models home, and remove its reports.

    A report holds sums, but a small sum may be one person's: the next is made without them. Kept
    statistics that they stand in are removed (`kept_sums`). Each snapshot keeps its id and gets
    another digest; its manifest notes the one it had. A process killed at any point leaves every
    snapshot as it was or as it is to be; asked again, the rest is done. Who serves the current
    snapshot opens it anew. Of a remote home every snapshot is brought here, if it is not yet.

    Args:
        models: the home; a folder that is not there holds nobody.
        customers: ids of all accounts of those to erase.

    Raises:
        SnapshotError: the home cannot be written, or not be reached; asked again, it is all done.
    """
    home = home_of(models)
    changed: list[str] = []
    removed: list[str] = []
    try:
        if not (home.here() / SNAPSHOTS).is_dir():
            return Blanked(removed=tuple(clear_reports(home.here())))
        with home.changing() as folder:
            removed += clear_reports(folder)
            removed += clear_statistics(folder, customers)
            for place in sorted((folder / SNAPSHOTS).glob("[!.]*")):
                try:
                    snapshot = read_sound(home, place)
                except HomeAwayError:
                    raise
                except SnapshotError:
                    # Whoever stands in what nobody can read cannot be erased from it.
                    shutil.rmtree(place)
                    removed.append(place.name)
                    continue
                arrays = blanked_arrays(snapshot, customers)
                if arrays:
                    _replace(snapshot.manifest, arrays, place)
                    changed.append(snapshot.id)
            if changed:
                with suppress(SnapshotError):
                    point(folder, current_id(folder))
    except OSError as error:
        raise SnapshotError(
            f"customers cannot be erased from {home}: {error.strerror}; make room, or let the "
            "folder be written, and erase them again"
        ) from None
    return Blanked(tuple(changed), tuple(removed))


def blanked(snapshot: Snapshot, customers: Collection[str]) -> Snapshot:
    """Give a snapshot without some customers, as `blank` would leave it."""
    arrays = blanked_arrays(snapshot, customers)
    if not arrays:
        return snapshot
    contents = {name: to_npy(array) for name, array in arrays.items()}
    manifest = _blanked_manifest(snapshot.manifest, contents)
    return Snapshot(manifest=manifest, **parts_of(snapshot.arrays() | read_only(arrays)))


def blanked_arrays(snapshot: Snapshot, customers: Collection[str]) -> dict[str, NDArray[Any]]:
    """Give the arrays that change where customers are erased, by name; none where none is there."""
    arrays, gone = snapshot.arrays(), frozenset(customers)
    changed: dict[str, NDArray[Any]] = {}
    bought = _places(snapshot.customers.ids, gone)
    if bought.any():
        count = np.diff(snapshot.customers.start)
        stays = ~np.repeat(bought, count)
        changed |= {name: arrays[name][stays] for name in _named(PURCHASES)}
        changed |= {name: _cleared(arrays[name], bought) for name in _named(BUYERS)}
        changed["customers/start"] = np.append(0, np.cumsum(np.where(bought, 0, count)))
        changed |= _packed("customers/ids", _without(snapshot.customers.ids, gone))
    told = _places(snapshot.segments.ids, gone)
    if told.any():
        changed |= {name: _cleared(arrays[name], told) for name in _named(MEMBERS)}
        changed |= _packed("segments/ids", _without(snapshot.segments.ids, gone))
    return changed


def _places(ids: Ids, gone: Collection[str]) -> NDArray[np.bool_]:
    """Tell which ids are among some."""
    found = np.zeros(len(ids), np.bool_)
    found[[code for one in gone if (code := ids.find(one)) is not None]] = True
    return found


def _without(ids: Ids, gone: Collection[str]) -> Texts:
    """Let the id before each of some, made longer, stand for it; no id is left of one before."""
    named, last, blanks = [], "", 0
    for one in ids:
        if one in gone or one.endswith(BLANK):
            blanks += 1
            named.append(last + BLANK * blanks)
        else:
            last, blanks = one, 0
            named.append(one)
    return Texts.of(named)


def _cleared(array: NDArray[Any], rows: NDArray[np.bool_]) -> NDArray[Any]:
    cleared = array.copy()
    cleared[rows] = np.zeros(1, array.dtype)[0]
    return cleared


def _packed(name: str, texts: Texts) -> dict[str, NDArray[Any]]:
    return {f"{name}.bytes": texts.data, f"{name}.offsets": texts.offsets}


def _named(fields: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    return (f"{folder}/{field}" for folder, names in fields.items() for field in names)


def _replace(manifest: Manifest, arrays: Arrays, folder: Path) -> None:
    """Write changed arrays beside those of before, and let a new manifest name them instead."""
    contents = {name: to_npy(array) for name, array in arrays.items()}
    written = _blanked_manifest(manifest, contents)
    for path, name in ((path, array_of(path) or "") for path in written.files):
        if name in contents:
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_synced(place, contents[name])
    Snapshot.described_by(written, folder)
    for inner in (path for path in folder.rglob("*") if path.is_dir()):
        sync(inner)
    put(folder / MANIFEST, written.to_json().encode())
    sweep(folder)


def _blanked_manifest(manifest: Manifest, contents: Mapping[str, bytes]) -> Manifest:
    """Give the manifest of a snapshot of which some arrays, by name, are changed."""
    times = len(manifest.replaced) + 1
    files = {
        path: known for path, known in manifest.files.items() if array_of(path) not in contents
    }
    files |= {blanked_path(name, times): sha256(content) for name, content in contents.items()}
    return manifest.model_copy(
        update={
            "files": files,
            "digest": digest_of(files, manifest.config),
            "replaced": (*manifest.replaced, manifest.digest),
        }
    )
