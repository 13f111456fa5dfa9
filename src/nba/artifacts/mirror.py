"""A remote models home, mirrored into a folder of this machine, from which all is read.

Here and there the files are the same, but for the remote pointer `current`, which has a second
line: the edition, a hash over every manifest, report and the log of what was published. Whoever
follows the home reads that one object; where it is another one, they read the small files, and of
the snapshots they hold the arrays that they do not have yet.

Publishing sends arrays, reads them back, sends what names them, and last replaces the pointer.
Whoever finds the old pointer is served from what it stood for; a process killed at any point leaves
at most files that nothing names, which the next one to change the home removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from nba.artifacts.arrays import hash_of
from nba.artifacts.editions import (
    REPORTS,
    current_of,
    edition_of,
    local_pointer,
    manifest_name,
    put_or_remove,
    small_files,
)
from nba.artifacts.files import ASIDE, POINTER, SNAPSHOTS, is_name, locked, put, sweep
from nba.artifacts.leases import leased
from nba.artifacts.published import LOG
from nba.artifacts.remote import Remote
from nba.artifacts.sending import clear, damaged, send, verify
from nba.artifacts.snapshot import MANIFEST, Manifest, array_of, read_manifest
from nba.errors import ConfigError, HomeAwayError, SnapshotError

CACHE: Final = "NBA_CACHE"
"""The variable of the environment that names the folder in which mirrors stand."""
MOST_SECONDS: Final = 30.0
"""Between two looks at a home that cannot be reached."""

_SEEN: Final = ".seen"
_OWNER_ONLY: Final = 0o700


@dataclass(slots=True, eq=False)
class Mirror:
    """A remote home, and the folder that mirrors it.

    Attributes:
        remote: where it is.
        folder: its mirror here; several processes may share it.
    """

    remote: Remote
    folder: Path
    _turn: threading.RLock = field(default_factory=threading.RLock)
    _depth: int = 0
    _asked: bool = False

    @classmethod
    def of(cls, url: str) -> Self:
        """Mirror a URL in the folder of this user that is for what can be fetched again.

        Raises:
            ConfigError: nothing here reads such a URL, or there is no place for a mirror.
        """
        name = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
        return cls(Remote.of(url), cache_folder() / name)

    def __str__(self) -> str:
        """Write the URL, without a password."""
        return self.remote.url

    def here(self) -> Path:
        """Give the mirror, as of the last look at the remote home."""
        if not self._asked:
            self.pull()
        return self.folder

    def pull(self, *, whole: bool = False) -> None:
        """Look whether there is another edition, and mirror that.

        While another process of this machine publishes, whoever has a snapshot stays with it.
        """
        self._asked = True
        pointer = self.remote.read(POINTER) or b""
        if not self._is_of(pointer) or (whole and self._lacks(current_of(pointer))):
            with suppress(BlockingIOError), self._held(wait=not self._serves()):
                self._mirror(whole=whole)

    @contextmanager
    def followed(self, seconds: float, tell: Callable[[str], None]) -> Iterator[None]:
        """Look every so many seconds, in a thread: a store that hangs holds up nobody else."""
        done = threading.Event()

        def follow() -> None:
            wait = seconds
            while not done.wait(wait):
                try:
                    self.pull(whole=True)
                except Exception as error:
                    # Whatever it is, the next look may find it mended.
                    wait = min(2 * wait, MOST_SECONDS)
                    tell(str(error))
                else:
                    wait = seconds
                    tell("")

        threading.Thread(target=follow, name="models-watch", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def fetch(self, snapshot_id: str) -> None:
        """Bring the arrays of a snapshot that are not here yet."""
        place = self.folder / SNAPSHOTS / snapshot_id
        if not is_name(snapshot_id) or not place.is_dir():
            return
        # Who has it all waits for nobody who publishes meanwhile.
        if _absent(read_manifest(place), place):
            with self._held():
                self._bring(read_manifest(place), place)

    def mend(self, snapshot_id: str) -> bool:
        """Bring anew what is damaged here."""
        place = self.folder / SNAPSHOTS / snapshot_id
        with self._held():
            manifest = self._manifest(place)
            for path, expected in manifest.files.items():
                if array_of(path) is not None and hash_of(place / path) != expected:
                    (place / path).unlink(missing_ok=True)
            self._bring(manifest, place, linking=False)
        return True

    def check(self, snapshot_id: str) -> None:
        """Read every file of a snapshot from the remote home."""
        told = self.remote.read(manifest_name(snapshot_id))
        if told is None:
            raise SnapshotError(f"{self} holds no snapshot {snapshot_id!r}; see: nba models list")
        named = f"{SNAPSHOTS}/{snapshot_id}"
        manifest = Manifest.from_json(told, f"{self}/{named}")
        verify(self.remote, {f"{named}/{path}": one for path, one in manifest.files.items()})

    @contextmanager
    def changing(self) -> Iterator[Path]:
        """Let one process of all machines change the mirror, and then send what it changed."""
        with self._held(), leased(self.remote) as lease:
            self._asked = True
            self._mirror(whole=False)
            before = small_files(self.folder)
            # Until all is sent the mirror is of no edition: whoever looks next makes it one.
            put_or_remove(self.folder / _SEEN, before.get(POINTER))
            try:
                yield self.folder
                pointer, unnamed = send(self.remote, self.folder, before, lease.confirm)
            except BaseException:
                # What was not published is not served by those who share the mirror either.
                with suppress(OSError):
                    put_or_remove(self.folder / POINTER, before.get(POINTER))
                raise
            put(self.folder / _SEEN, pointer)
            clear(self.remote, unnamed)

    @contextmanager
    def _held(self, *, wait: bool = True) -> Iterator[None]:
        """Let one thread of one process of this machine at a time change the mirror.

        Raises:
            BlockingIOError: another does, and nobody was to wait.
            ConfigError: the folder cannot be made or written.
        """
        if not self._turn.acquire(blocking=wait):
            raise BlockingIOError
        with ExitStack() as until_end:
            until_end.callback(self._turn.release)
            if not self._depth:
                try:
                    self.folder.mkdir(_OWNER_ONLY, parents=True, exist_ok=True)
                    until_end.enter_context(locked(self.folder, wait=wait))
                except BlockingIOError:
                    raise
                except OSError as error:
                    raise ConfigError(
                        f"snapshots of {self} cannot be mirrored in {self.folder}: "
                        f"{error.strerror}; name a folder that can be written in {CACHE}"
                    ) from None
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _seen(self) -> bytes | None:
        """Give the remote pointer that the mirror is as of; while it changes, one without edition.

        None where nothing was mirrored yet.
        """
        try:
            return (self.folder / _SEEN).read_bytes()
        except OSError:
            return None

    def _is_of(self, pointer: bytes) -> bool:
        """Tell whether the mirror is of the edition of a remote pointer, and nobody cleaned it.

        One that names none, as folders have it, does not say what it stands for.
        """
        if pointer != self._seen():
            return False
        current = current_of(pointer)
        needed = (POINTER, manifest_name(current)) if is_name(current) else ()
        is_here = all((self.folder / path).is_file() for path in needed)
        return is_here and (not pointer or bool(edition_of(pointer)))

    def _serves(self) -> bool:
        """Tell whether the mirror has a current snapshot, and its arrays are here."""
        with suppress(OSError):
            current = current_of((self.folder / POINTER).read_bytes())
            return is_name(current) and _is_whole(self.folder / SNAPSHOTS / current)
        return False

    def _lacks(self, snapshot_id: str) -> bool:
        """Tell whether there is such a snapshot, and its arrays are not here."""
        return is_name(snapshot_id) and not _is_whole(self.folder / SNAPSHOTS / snapshot_id)

    def _mirror(self, *, whole: bool) -> None:
        """Make the mirror's small files those of the remote home, and its arrays those they name.

        Args:
            whole: bring the arrays of the current snapshot, if they are not here.

        Raises:
            HomeAwayError: the remote home cannot be reached, or is not where it was.
        """
        told = self.remote.read(POINTER)
        if told is None and self._seen():
            raise HomeAwayError(
                f"{self} has no file {POINTER!r} any more: it was moved, is not mounted, or was "
                f"emptied; what was mirrored stays in {self.folder}, remove that if it is to go too"
            )
        pointer = told or b""
        current = current_of(pointer)
        there, here = self._told(), small_files(self.folder)
        manifest = manifest_name(current)
        is_same = here.get(POINTER) == local_pointer(current)
        is_same &= here.get(manifest) == there.get(manifest)
        if whole and manifest in there:
            place = (self.folder / manifest).parent
            self._bring(Manifest.from_json(there[manifest], f"{self}/{manifest}"), place)
        for path, content in there.items():
            target = self.folder / path
            if here.get(path) == content:
                continue
            if target.name == MANIFEST and path != manifest and _is_whole(target.parent):
                # Before it is named: who holds a snapshot of before may ask it again.
                with suppress(SnapshotError):
                    self._bring(Manifest.from_json(content, f"{self}/{path}"), target.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            put(target, content)
        for path in here.keys() - there.keys() - {POINTER}:
            target = self.folder / path
            if target.name == MANIFEST:
                shutil.rmtree(target.parent)
            else:
                target.unlink()
        for place in (self.folder / SNAPSHOTS).glob("[!.]*"):
            if (place / MANIFEST).is_file():
                sweep(place)
            else:
                # Arrays that somebody was killed over; who stands in them may be erased since.
                shutil.rmtree(place)
        if not is_same:
            # Whoever serves the current snapshot opens it anew.
            put_or_remove(self.folder / POINTER, local_pointer(current))
        if pointer != self._seen():
            put(self.folder / _SEEN, pointer)

    def _manifest(self, place: Path) -> Manifest:
        """Read the manifest in a snapshot's folder; one that is damaged here is brought anew."""
        try:
            return read_manifest(place)
        except SnapshotError:
            told = self.remote.read(manifest_name(place.name))
            if told is None:
                raise
            put(place / MANIFEST, told)
            return read_manifest(place)

    def _told(self) -> dict[str, bytes]:
        """Read the log, the reports and the manifests of the remote home, by path."""
        paths = [LOG]
        paths += [f"{REPORTS}/{one}" for one in self.remote.names(REPORTS) if is_name(one)]
        paths += [manifest_name(one) for one in self.remote.names(SNAPSHOTS) if is_name(one)]
        return self.remote.read_all(paths)

    def _bring(self, manifest: Manifest, place: Path, *, linking: bool = True) -> None:
        """Bring the arrays that a manifest names and that are not in a snapshot's folder.

        Args:
            manifest: of the snapshot.
            place: its folder.
            linking: take what another snapshot holds under the same hash.
        """
        absent = _absent(manifest, place)
        if any(array_of(path) is None for path in absent):
            raise SnapshotError(f"the manifest of {place} names files that are no arrays")
        held = self._held_files() if linking and absent else {}
        aside = place.with_name(f"{ASIDE}brought")
        for path, expected in [*absent.items()]:
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            if expected in held:
                _link(held[expected], place / path, aside)
                del absent[path]
        if not absent:
            return
        named = f"{SNAPSHOTS}/{manifest.snapshot_id}"
        wrong = []
        try:
            self.remote.fetch({f"{named}/{path}": aside / path for path in absent})
            for path, expected in absent.items():
                if hash_of(aside / path) == expected:
                    os.replace(aside / path, place / path)
                else:
                    wrong.append(path)
        except FileNotFoundError as error:
            raise damaged(f"{error} in {self}") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        if wrong:
            raise damaged(f"{self}/{named}/{wrong[0]}")

    def _held_files(self) -> dict[str, Path]:
        """Give the arrays of the mirror by their hash."""
        found: dict[str, Path] = {}
        for place in (self.folder / SNAPSHOTS).glob("[!.]*"):
            with suppress(SnapshotError):
                for path, one in read_manifest(place).files.items():
                    if array_of(path) is not None and (place / path).is_file():
                        found[one] = place / path
        return found


def cache_folder() -> Path:
    """Give the folder in which mirrors stand: that of `NBA_CACHE`, else one of the user's own.

    Raises:
        ConfigError: the user has none.
    """
    told = os.environ.get(CACHE)
    if told:
        return Path(told)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nba"
    except RuntimeError:
        raise ConfigError(
            f"there is no place to mirror snapshots in; name a folder in {CACHE}"
        ) from None


def _link(source: Path, target: Path, aside: Path) -> None:
    """Let a file stand in a second place; copied by way of a folder where a disk has no links."""
    try:
        os.link(source, target)
    except OSError:
        aside.mkdir()
        shutil.copyfile(source, aside / target.name)
        os.replace(aside / target.name, target)
        aside.rmdir()


def _absent(manifest: Manifest, place: Path) -> dict[str, str]:
    """Give the files of a manifest that are not in a snapshot's folder, path → SHA-256."""
    return {path: one for path, one in manifest.files.items() if not (place / path).exists()}


def _is_whole(place: Path) -> bool:
    """Tell whether the arrays of a snapshot were brought here, and not its manifest alone."""
    return place.is_dir() and any(one.is_dir() for one in place.iterdir())
