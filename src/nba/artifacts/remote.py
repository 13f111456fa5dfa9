"""Files of a remote models home, over fsspec, which reads object stores and much else by URL."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from nba.errors import ConfigError, HomeAwayError, NbaError

_TOGETHER: Final = 8
_BLOCK_BYTES: Final = 1 << 22
"""Files that are read back at once, and how much of each: what is read back is not kept."""
_LOCAL: Final = "file"
_ASIDE: Final = ".new"
_READ: Final = "read"


@dataclass(frozen=True, slots=True)
class Remote:
    """A folder of a file system that fsspec knows; the paths of its files are relative to it.

    A file is replaced as a whole: object stores do so, and on a disk it is renamed into place.

    Attributes:
        url: as people may read it, without a password.
    """

    url: str
    _system: Any
    _root: str
    _is_disk: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """Find what reads a URL; most kinds do not ask the place itself yet.

        Raises:
            ConfigError: the URL is of no known kind, or what reads it is not installed.
            HomeAwayError: what reads it asks the place at once, and that cannot be reached.
        """
        # Loaded by whoever has a remote home, and by nobody else.
        from fsspec.core import url_to_fs

        shown = shown_url(url)
        try:
            system, root = url_to_fs(url)
        except ImportError as error:
            # It says which: install s3fs to access S3.
            raise ConfigError(f"{shown} cannot be reached from here: {error}") from None
        except ValueError as error:
            raise ConfigError(
                f"{shown} is no place for snapshots: {error}; expected a folder, or a URL such as "
                "s3://bucket/models, gs://bucket/models or file:///folder"
            ) from None
        except Exception as error:
            raise HomeAwayError(f"{shown} cannot be reached: {_first_line(error)}") from error
        kinds = [system.protocol] if isinstance(system.protocol, str) else system.protocol
        return cls(shown, system, root.rstrip("/"), _LOCAL in kinds)

    def read(self, path: str) -> bytes | None:
        """Give a file; None where there is none.

        Raises:
            HomeAwayError: the place cannot be reached.
        """
        with self._asking(_READ):
            try:
                return bytes(self._system.cat_file(self._at(path)))
            except FileNotFoundError:
                return None

    def read_all(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Give several small files at once, without those that are not there.

        Raises:
            HomeAwayError: the place cannot be reached.
        """
        if not paths:
            return {}
        named = {self._at(path): path for path in paths}
        with self._asking(_READ):
            found = self._system.cat([*named], on_error="return")
            for one in found.values():
                if isinstance(one, Exception) and not isinstance(one, FileNotFoundError):
                    raise one
        return {
            named[place]: bytes(one)
            for place, one in found.items()
            if not isinstance(one, Exception)
        }

    def names(self, folder: str) -> list[str]:
        """Name what a folder holds, files and folders, sorted; nothing where there is none.

        Raises:
            HomeAwayError: the place cannot be reached.
        """
        with self._asking(_READ):
            self._system.invalidate_cache()
            try:
                found = self._system.ls(self._at(folder), detail=False)
            except FileNotFoundError:
                return []
        # A store may list the folder itself, as an empty object.
        names = {one.rstrip("/").rpartition("/")[2] for one in found}
        return sorted(names - {folder.rpartition("/")[2]})

    def files(self, folder: str) -> list[str]:
        """Give the path of every file below a folder, sorted.

        Raises:
            HomeAwayError: the place cannot be reached.
        """
        with self._asking(_READ):
            self._system.invalidate_cache()
            found = self._system.find(self._at(folder))
        return sorted(one[len(self._root) + 1 :] for one in found)

    def fetch(self, targets: Mapping[str, Path]) -> None:
        """Copy files to this machine, many at a time where the system can.

        Args:
            targets: path → where to write it.

        Raises:
            FileNotFoundError: one is not there.
            HomeAwayError: the place cannot be reached.
        """
        for folder in {one.parent for one in targets.values()}:
            folder.mkdir(parents=True, exist_ok=True)
        with self._asking(_READ):
            self._system.get([self._at(one) for one in targets], [*map(str, targets.values())])

    def hashes(self, paths: Sequence[str]) -> dict[str, str]:
        """Read files and give the SHA-256 of each, in hexadecimal.

        Raises:
            FileNotFoundError: one is not there.
            HomeAwayError: the place cannot be reached.
        """
        with ThreadPoolExecutor(_TOGETHER) as pool:
            return dict(zip(paths, pool.map(self._hash, paths), strict=True))

    def send(self, sources: Mapping[Path, str]) -> None:
        """Copy files of this machine, many at a time where the system can.

        Args:
            sources: a file here → its path there.

        Raises:
            HomeAwayError: the place cannot be written.
        """
        targets = [self._at(one) for one in sources.values()]
        with self._asking("written"):
            self._make_room(targets)
            self._system.put([*map(str, sources)], targets)

    def replace(self, path: str, content: bytes) -> None:
        """Put a small file in the place of another; whoever reads it gets one of them whole.

        Raises:
            HomeAwayError: the place cannot be written.
        """
        target = self._at(path)
        with self._asking("written"):
            if not self._is_disk:
                self._system.pipe_file(target, content)
                return
            self._make_room([target])
            self._system.pipe_file(f"{target}{_ASIDE}", content)
            self._system.mv(f"{target}{_ASIDE}", target)

    def create(self, path: str, content: bytes) -> bool:
        """Write a small file, of what nobody else writes, unless there is one; tell whether it was.

        Of two that try at once one does: S3, Google's and Azure's stores are asked with a
        condition, a disk makes the file exclusively. What other systems promise is theirs to say.

        Raises:
            HomeAwayError: the place cannot be written.
        """
        target = self._at(path)
        with self._asking("written"):
            if self._is_disk:
                self._make_room([target])
                try:
                    file = self._system.open(target, "xb")
                except FileExistsError:
                    return False
                with file:
                    file.write(content)
                return True
            try:
                self._system.pipe_file(target, content, mode="create")
            except Exception as error:
                # Stores say in many ways that somebody was quicker, and an answer may be lost.
                found = self.read(path)
                if found is None and not isinstance(error, FileExistsError):
                    raise
                return found == content
            return True

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files; those that are gone already are no error.

        Raises:
            HomeAwayError: the place cannot be written.
        """
        targets = [self._at(path) for path in paths]
        if not targets:
            return
        with self._asking("written"):
            try:
                self._system.rm(targets)
            except FileNotFoundError:
                for target in targets:
                    with suppress(FileNotFoundError):
                        self._system.rm_file(target)
            if self._is_disk:
                _tidy(self._root, targets)

    def _hash(self, path: str) -> str:
        digest = hashlib.sha256()
        with (
            self._asking(_READ),
            self._system.open(self._at(path), "rb", block_size=_BLOCK_BYTES) as file,
        ):
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _make_room(self, targets: Sequence[str]) -> None:
        """Make the folders of files on a disk; object stores have none."""
        if self._is_disk:
            for folder in {target.rpartition("/")[0] for target in targets}:
                self._system.makedirs(folder, exist_ok=True)

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Say in our words what a system raises, each in its own.

        That a file is not there is for whoever reads it to say; where one writes, a bucket is not.
        """
        try:
            yield
        except NbaError:
            raise
        except Exception as error:
            if what == _READ and isinstance(error, FileNotFoundError):
                raise
            raise HomeAwayError(f"{self.url} cannot be {what}: {_first_line(error)}") from error


def shown_url(url: str) -> str:
    """Give a URL as people may read it: without a password, and without a query, which signs."""
    return re.sub(r"(?<=://)[^/:]*:[^/]*@|\?.*", "", url)


def _first_line(error: Exception) -> str:
    """Give what an error says first, or, where it says nothing, what it is."""
    told = str(error).splitlines()
    return told[0] if told else type(error).__name__


def _tidy(root: str, removed: Sequence[str]) -> None:
    """Remove the folders of a disk that removed files left empty."""
    for folder in {target.rpartition("/")[0] for target in removed}:
        while folder != root and os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
            folder = folder.rpartition("/")[0]
