"""A snapshot: every artifact of one training run and the manifest that describes them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nba.artifacts.arrays import hash_of, npy_parts, sha256
from nba.artifacts.parts import Parts, parts_of, read_only
from nba.artifacts.products import Products
from nba.config import TrainConfig
from nba.domain import iso
from nba.errors import SnapshotError

if TYPE_CHECKING:
    from nba.artifacts.homes import Models

FORMAT_VERSION: Final = 6
MANIFEST: Final = "manifest.json"

_ARRAY_PATH: Final = re.compile(
    r"(blanked-[0-9]+/)?(([a-z_]+/)+[a-z_]+(\.bytes|\.offsets)?)\.npy", re.ASCII
)
"""Paths that `pack` makes, or the same in a folder of `blanked_path`; above all none that leads
out of the folder."""


class Manifest(BaseModel):
    """What a snapshot says of itself; `manifest.json` beside its arrays.

    Attributes:
        snapshot_id: instant of the last fact and the head of the digest.
        digest: SHA-256 over the sorted (path, hash) of the arrays and the configuration; equal
            for equal input on one CPU type and one lock file.
        data_from, data_until: first order, and just after the last fact it knew.
        trained_at: set by the caller who has a clock; null from library code.
        sequence: order of publishing in one models folder; 0 before publishing.
        files: SHA-256 of each array file, by path.
        picks: the model chosen for what is new to a customer, those it was tried against, and the
            coefficients of both chances, by name.
        rhythm: every fit of the models of purchases and spending, weeks as their unit.
        segments: `fan_paths`, what most often precedes becoming a fan.
        deliveries: `transit_days`, the median from shipping to delivery, null where no order tells
            both, and `orders` that do.
        backtest: the last backtest of this configuration on this shop, if one was run.
        replaced: the digests it had before customers were erased from it, the first one first.

    The file holds one field more, `checksum`: SHA-256 over the others, so that a flipped bit in
    a count is refused like one in an array.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    snapshot_id: str
    digest: str
    config: TrainConfig
    data_from: str | None
    data_until: str
    trained_at: str | None = None
    sequence: int = 0
    engines: Mapping[str, str]
    counts: Mapping[str, int]
    coverage: Mapping[str, float]
    files: Mapping[str, str]
    picks: Mapping[str, Any] = Field(default_factory=dict)
    rhythm: Mapping[str, Any] = Field(default_factory=dict)
    segments: Mapping[str, Any] = Field(default_factory=dict)
    deliveries: Mapping[str, Any] = Field(default_factory=dict)
    backtest: Mapping[str, Any] | None = None
    replaced: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, content: bytes, folder: Path | str) -> Self:
        """Read what `to_json` wrote, and check it.

        Args:
            content: of the file.
            folder: where it stands, for people.

        Raises:
            SnapshotError: unreadable, damaged, or of another format version.
        """
        try:
            document = json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise SnapshotError(f"{folder} holds no readable {MANIFEST}: {error}") from None
        found = document.get("format_version") if isinstance(document, dict) else None
        if found != FORMAT_VERSION:
            raise SnapshotError(
                f"{folder} has format {found}, this version reads {FORMAT_VERSION}; train again"
            )
        if document.pop("checksum", None) != _checksum(document):
            raise SnapshotError(
                f"{folder}/{MANIFEST} is damaged: its checksum does not agree; roll back with "
                "nba models rollback, or train again"
            )
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise SnapshotError(f"the manifest of {folder} is not valid: {error}") from None

    def to_json(self) -> str:
        """Write the file, checksum included."""
        # Through JSON and back, so that the checksum is over what a reader will see.
        document = json.loads(json.dumps(self.model_dump(mode="json")))
        return json.dumps(document | {"checksum": _checksum(document)}, indent=1)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Snapshot(Parts):
    """Everything serving needs, as read-only arrays, and the manifest that says what they are.

    Attributes:
        manifest: identity, configuration, counts and hashes.
    """

    manifest: Manifest

    @classmethod
    def of(
        cls,
        parts: Parts,
        *,
        config: TrainConfig,
        data_from: np.datetime64 | None,
        data_until: np.datetime64,
        engines: Mapping[str, str],
        counts: Mapping[str, int],
        coverage: Mapping[str, float],
        learned: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Self:
        """Assemble the artifacts of a training run, as read-only views of the given arrays."""
        arrays = read_only(parts.arrays())
        hashes = {
            f"{name}.npy": sha256(*npy_parts(array)) for name, array in sorted(arrays.items())
        }
        digest = digest_of(hashes, config)
        until = iso(data_until) or ""
        instant = until[:19].replace("-", "").replace(":", "")
        manifest = Manifest(
            snapshot_id=f"{instant}-{digest[:12]}",
            digest=digest,
            config=config,
            data_from=None if data_from is None else iso(data_from),
            data_until=until,
            engines=engines,
            counts=counts,
            coverage=coverage,
            files=hashes,
            **(learned or {}),
        )
        return cls._from_arrays(manifest, arrays, "the trained snapshot")

    @classmethod
    def read(cls, folder: str | Path, *, verify: bool = True) -> Self:
        """Map a snapshot folder read-only.

        Args:
            folder: holds `manifest.json` and the arrays.
            verify: compare every file with its hash first; a flipped bit is refused.

        Raises:
            SnapshotError: the folder is no snapshot of this format, or a file is damaged.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        while True:
            try:
                return cls.described_by(manifest, folder, verify=verify)
            except SnapshotError:
                # Customers may have been erased from it while it was read.
                newer = read_manifest(folder)
                if newer.digest == manifest.digest:
                    raise
                manifest = newer

    @classmethod
    def described_by(cls, manifest: Manifest, folder: Path, *, verify: bool = True) -> Self:
        """Map the arrays that a manifest names; the folder may have another one by now.

        Raises:
            SnapshotError: a file is absent or damaged.
        """
        arrays: dict[str, NDArray[Any]] = {}
        for path, expected in manifest.files.items():
            name, file = array_of(path), folder / path
            if name is None:
                raise SnapshotError(f"the manifest of {folder} names {path!r}, which is no array")
            if verify and hash_of(file) != expected:
                raise SnapshotError(
                    f"{file} is damaged: its hash is not the manifest's; roll back with "
                    "nba models rollback, or train again"
                )
            arrays[name] = _mapped(file)
        if verify and digest_of(manifest.files, manifest.config) != manifest.digest:
            raise SnapshotError(f"the manifest of {folder} was changed: its digest does not agree")
        return cls._from_arrays(manifest, arrays, folder)

    @classmethod
    def _from_arrays(
        cls, manifest: Manifest, arrays: Mapping[str, NDArray[Any]], folder: Path | str
    ) -> Self:
        try:
            return cls(manifest=manifest, **parts_of(arrays))
        except KeyError as missing:
            raise SnapshotError(f"{folder} lacks the array {missing}") from None

    @property
    def id(self) -> str:
        """The snapshot's id."""
        return self.manifest.snapshot_id

    def with_products(self, products: Products) -> Self:
        """Copy with products that stand otherwise now; their ids, and the digest, stay."""
        return replace(self, products=products)

    def with_manifest(self, **changes: Any) -> Self:  # noqa: ANN401 - fields of Manifest
        """Copy with other manifest fields: trained_at, backtest; the digest stays."""
        return replace(self, manifest=self.manifest.model_copy(update=changes))

    def publish(
        self,
        models: Models,
        *,
        trained_at: str | None = None,
        keep: Collection[str] = (),
    ) -> Path:
        """Write into a models folder and make it the current snapshot, atomically.

        Nothing compares it with the one that was current; `nba train` does.

        Args:
            models: the home of snapshots; a folder is created if absent.
            trained_at: ISO instant for the manifest, from a caller who has a clock.
            keep: ids of older snapshots that stay, besides the last five.

        Raises:
            SnapshotError: the home cannot be written.
        """
        from nba.artifacts.registry import publish

        snapshot = self if trained_at is None else self.with_manifest(trained_at=trained_at)
        return publish(snapshot, models, keep=keep)


def read_manifest(folder: Path) -> Manifest:
    """Read and check `manifest.json`.

    Raises:
        SnapshotError: absent, unreadable, damaged, or of another format version.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise SnapshotError(f"{folder} holds no readable {MANIFEST}: {error}") from None
    return Manifest.from_json(content, folder)


def array_of(path: str) -> str | None:
    """Give the name of the array in a file of a snapshot, or None where it is none."""
    found = _ARRAY_PATH.fullmatch(path)
    return None if found is None else found[2]


def blanked_path(name: str, times: int) -> str:
    """Give the file of an array after customers were erased from it so often."""
    return f"blanked-{times}/{name}.npy"


def digest_of(hashes: Mapping[str, str], config: TrainConfig) -> str:
    """Give the digest of a snapshot of these files, path → hash."""
    content = json.dumps([sorted(hashes.items()), config.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _checksum(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode())


def _mapped(file: Path) -> NDArray[Any]:
    """Map one array read-only; only numpy's own format, never pickled objects."""
    try:
        try:
            # As a plain array: reading one cell of a memmap object takes five times as long.
            return np.asarray(np.lib.format.open_memmap(file, mode="r"))
        except ValueError:
            # An empty array cannot be mapped; reading it costs nothing.
            with file.open("rb") as content:
                array = np.lib.format.read_array(content, allow_pickle=False)
            array.flags.writeable = False
            return np.asarray(array)
    except (OSError, ValueError, EOFError) as error:
        raise SnapshotError(f"{file} is no array that can be opened: {error}") from None
