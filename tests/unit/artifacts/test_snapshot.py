"""A snapshot folder: what is written comes back, and anything else is refused."""

from __future__ import annotations

import json
import shutil
from itertools import chain, cycle
from pathlib import Path

import numpy as np
import pytest

import nba
from nba.artifacts.arrays import sha256
from nba.artifacts.snapshot import MANIFEST, Manifest, Snapshot, _checksum, digest_of
from nba.domain import Ids
from nba.errors import SnapshotError
from tests.effort import times
from tests.shops import SIX_ORDERS, catalog, history, random_orders, shuffled

CONFIG = nba.TrainConfig()
LISTED = ({"product_id": "cup", "price": 300, "category": "Cups"}, "spoon")


def trained(config=CONFIG, orders=SIX_ORDERS, **kw) -> Snapshot:
    return nba.train(history(orders), catalog(*LISTED), config, **kw)


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    return trained().publish(tmp_path_factory.mktemp("models"))


@pytest.fixture
def folder(published, tmp_path) -> Path:
    return Path(shutil.copytree(published, tmp_path / published.name))


def rewrite(folder: Path, *, consistent: bool = True, **changes) -> None:
    """Change the manifest; a consistent liar brings the checksum along."""
    document = json.loads((folder / "manifest.json").read_text())
    document.update(changes)
    if consistent:
        document.pop("checksum")
        document["checksum"] = _checksum(document)
    (folder / "manifest.json").write_text(json.dumps(document))


def forge(folder: Path, path: str, content: bytes) -> None:
    """Put content where an array stands, with hashes, digest and checksum that agree."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    document = json.loads((folder / "manifest.json").read_text())
    files = document["files"] | {path: sha256(content)}
    rewrite(folder, files=files, digest=digest_of(files, CONFIG))


def npy(array, path: Path) -> bytes:
    np.save(path, array, allow_pickle=True)
    return path.read_bytes()


def test_every_array_and_word_comes_back_read_only(published):
    written, read = trained(), Snapshot.read(published)
    assert read.manifest == written.manifest.model_copy(update={"sequence": 1})
    assert read.arrays().keys() == written.arrays().keys()
    for name, array in read.arrays().items():
        np.testing.assert_array_equal(array, written.arrays()[name], err_msg=name)
        assert array.dtype == written.arrays()[name].dtype
        assert not array.flags.writeable


def test_a_snapshot_read_back_answers_as_the_one_written(published):
    written, read = nba.Recommender(trained()), nba.Recommender(Snapshot.read(published))
    assert read.picks("ann").to_dict() == written.picks("ann").to_dict()
    assert read.bought_together("tea").to_dict() == written.bought_together("tea").to_dict()


def files_of(folder: Path) -> list[Path]:
    """List the manifest and arrays; by default two of each folder, as all are opened alike."""
    arrays = (sorted(one.glob("*.npy")) for one in sorted(folder.rglob("*")) if one.is_dir())
    return [folder / MANIFEST, *chain.from_iterable(one[: times(2, None)] for one in arrays)]


def flipped(content: bytes, bit: int) -> bytes:
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def test_a_flipped_bit_anywhere_in_the_manifest_is_refused(folder):
    content = (folder / MANIFEST).read_bytes()
    for bit in np.random.default_rng(8).integers(8 * len(content), size=40).tolist():
        (folder / MANIFEST).write_bytes(flipped(content, bit))
        with pytest.raises(SnapshotError):
            Snapshot.read(folder)


def test_a_file_cut_short_is_refused(folder):
    for file, length in zip(files_of(folder), cycle((0, 1, -1)), strict=False):
        content = file.read_bytes()
        file.write_bytes(content[:length])
        with pytest.raises(SnapshotError):
            Snapshot.read(folder)
        file.write_bytes(content)


def test_a_file_cut_short_is_refused_even_unverified(folder):
    for file in files_of(folder)[1:]:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        with pytest.raises(SnapshotError):
            Snapshot.read(folder, verify=False)
        file.write_bytes(content)


def test_a_missing_file_is_refused(folder):
    for file in files_of(folder):
        content = file.read_bytes()
        file.unlink()
        with pytest.raises(SnapshotError):
            Snapshot.read(folder)
        file.write_bytes(content)


def test_an_absent_folder_is_refused(tmp_path):
    with pytest.raises(SnapshotError, match=r"holds no readable manifest\.json"):
        Snapshot.read(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "7", "\x00"])
def test_a_manifest_that_is_none_is_refused(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(SnapshotError):
        Snapshot.read(folder)


@pytest.mark.parametrize("version", [0, 1, "2", None])
def test_another_format_version_is_refused_by_name(folder, version):
    rewrite(folder, format_version=version)
    with pytest.raises(SnapshotError, match="this version reads 6"):
        Snapshot.read(folder)


def test_a_manifest_with_an_unknown_key_is_refused(folder):
    rewrite(folder, surprise=1)
    with pytest.raises(SnapshotError, match="surprise"):
        Snapshot.read(folder)


@pytest.mark.parametrize(
    "key", [name for name, field in Manifest.model_fields.items() if field.is_required()]
)
def test_a_manifest_that_lacks_a_key_is_refused(folder, key):
    document = json.loads((folder / "manifest.json").read_text())
    del document[key], document["checksum"]
    document["checksum"] = _checksum(document)
    (folder / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(SnapshotError, match=key):
        Snapshot.read(folder)


def test_a_number_changed_in_the_manifest_is_refused(folder):
    rewrite(folder, consistent=False, counts={"kept_orders": 7})
    with pytest.raises(SnapshotError, match="checksum"):
        Snapshot.read(folder)


def test_another_configuration_than_the_trained_is_refused(folder):
    rewrite(folder, config=nba.TrainConfig(seed=8).model_dump(mode="json"))
    with pytest.raises(SnapshotError, match="digest does not agree"):
        Snapshot.read(folder)


def test_an_array_of_pickled_objects_is_refused_even_if_every_hash_agrees(folder, tmp_path):
    content = npy(np.array([{"run": "me"}], dtype=object), tmp_path / "o.npy")
    forge(folder, "products/price.npy", content)
    for verify in (True, False):
        with pytest.raises(SnapshotError, match="no array that can be opened"):
            Snapshot.read(folder, verify=verify)


def test_an_archive_in_place_of_an_array_is_refused(folder, tmp_path):
    np.savez(tmp_path / "a.npz", price=np.arange(3))
    forge(folder, "products/price.npy", (tmp_path / "a.npz").read_bytes())
    with pytest.raises(SnapshotError, match="no array that can be opened"):
        Snapshot.read(folder)


@pytest.mark.parametrize("path", ["../outside.npy", "products/../../outside.npy", "a/../b.npy"])
def test_nothing_outside_the_folder_is_read(folder, tmp_path, path):
    forge(folder, path, npy(np.arange(3), tmp_path / "outside.npy"))
    with pytest.raises(SnapshotError, match="is no array"):
        Snapshot.read(folder)


def test_an_absolute_path_is_not_read(folder, tmp_path):
    content = npy(np.arange(3), tmp_path / "outside.npy")
    forge(folder, str(tmp_path / "outside.npy"), content)
    with pytest.raises(SnapshotError, match="is no array"):
        Snapshot.read(folder)


def test_an_array_the_manifest_does_not_name_is_missed_by_name(folder):
    document = json.loads((folder / "manifest.json").read_text())
    files = {path: hash_ for path, hash_ in document["files"].items() if "price" not in path}
    rewrite(folder, files=files, digest=digest_of(files, CONFIG))
    with pytest.raises(SnapshotError, match="lacks the array"):
        Snapshot.read(folder)


def test_equal_input_gives_an_equal_digest_on_any_thread_count_and_row_order():
    orders = random_orders(1)
    digests = {
        trained(orders=some, threads=threads).manifest.digest
        for some in (orders, shuffled(orders), shuffled(orders, seed=2))
        for threads in (1, 2)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    "config",
    [
        nba.TrainConfig(seed=8),
        nba.TrainConfig.model_validate({"copurchase": {"discovery": 0.2}}),
        nba.TrainConfig.model_validate({"picks": {"variety": 0.2}}),
        nba.TrainConfig.model_validate({"default_margin": 0.4}),
    ],
)
def test_another_configuration_gives_another_digest(config):
    assert trained(config).manifest.digest != trained().manifest.digest


def test_other_orders_give_another_digest():
    assert trained(orders=SIX_ORDERS[:5]).manifest.digest != trained().manifest.digest


def test_times_and_backtests_leave_the_digest_alone(tmp_path):
    plain = trained()
    noted = plain.with_manifest(trained_at="2026-02-01T00:00:00Z", backtest={"n": {10: 0.5, 9: 1}})
    assert (noted.id, noted.manifest.digest) == (plain.id, plain.manifest.digest)
    read = Snapshot.read(noted.publish(tmp_path))
    assert read.manifest.digest == plain.manifest.digest
    assert read.manifest.trained_at == "2026-02-01T00:00:00Z"
    assert read.manifest.backtest == {"n": {"10": 0.5, "9": 1}}


def test_the_id_is_the_last_fact_and_the_head_of_the_digest():
    snapshot = trained()
    assert snapshot.id == f"20260131T120000-{snapshot.manifest.digest[:12]}"


def test_ids_are_found_without_a_dictionary(published):
    ids = Snapshot.read(published).products.ids
    assert isinstance(ids, Ids)
    assert [ids.find(one) for one in ("cup", "filter", "kettle", "spoon", "tea", "x")] == [
        0,
        1,
        2,
        3,
        4,
        None,
    ]
