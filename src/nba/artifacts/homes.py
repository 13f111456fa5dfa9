"""Where snapshots are kept: a folder of this machine, or a remote place and its mirror here."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from nba.artifacts.editions import forget_edition
from nba.artifacts.files import locked
from nba.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMOTE: Final = "://"
_CUT_SHORT: Final = re.compile(r"[a-z0-9]{2,}:/")


class Home(Protocol):
    """A models home. What is read of it is read from a folder of this machine.

    `str` of it is how people write it, without a password.
    """

    def __hash__(self) -> int:
        """Hash it, so that what is asked of a home can be kept by it."""

    def here(self) -> Path:
        """Give the folder; where it mirrors a remote home, as of the last look at that.

        Raises:
            SnapshotError: the remote home cannot be reached for the first look.
        """

    def pull(self, *, whole: bool = False) -> None:
        """Look at what others published since; where nothing did, that is one small question.

        Args:
            whole: bring the arrays of the current snapshot too, before it is the current one here.

        Raises:
            SnapshotError: the remote home cannot be reached; the folder is as it was.
        """

    def followed(self, seconds: float, tell: Callable[[str], None]) -> AbstractContextManager[None]:
        """Look, whole, every so many seconds, beside whatever else the process does.

        Args:
            seconds: between two looks.
            tell: hears what is wrong after each look, an empty text where nothing is.
        """

    def fetch(self, snapshot_id: str) -> None:
        """See that the arrays of a snapshot, if there is one, are in the folder.

        Raises:
            SnapshotError: they cannot be brought, or are not as written.
        """

    def mend(self, snapshot_id: str) -> bool:
        """Bring what is damaged in the folder once more; tell whether that can be."""

    def check(self, snapshot_id: str) -> None:
        """Read every file of a snapshot where it is kept, and see that it is as written.

        Raises:
            SnapshotError: one is damaged, or cannot be read.
        """

    def changing(self) -> AbstractContextManager[Path]:
        """Let one process at a time change the folder; what it changed is everybody's at the end.

        Gives the folder, in which snapshots stand below `snapshots`. A remote home is looked at
        first, and is left as it was where anything fails; but where what is new is current there
        already, and only old files cannot be removed.

        Raises:
            OSError: the folder cannot be written.
            SnapshotError: the remote home cannot be reached, or be written.
        """


Models = str | Path | Home
"""A models home, or how people write it: the path of a folder, or the URL of a remote one."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A models home that is a folder of this machine, or of a disk that several machines share."""

    path: Path

    def __str__(self) -> str:
        """Write the path."""
        return str(self.path)

    def here(self) -> Path:
        """Give the folder."""
        return self.path

    def pull(self, *, whole: bool = False) -> None:
        """Do nothing: what others publish is there."""

    def followed(
        self,
        seconds: float,
        tell: Callable[[str], None],
    ) -> AbstractContextManager[None]:
        """Do nothing, likewise."""
        return nullcontext()

    def fetch(self, snapshot_id: str) -> None:
        """Do nothing: all arrays are there."""

    def mend(self, snapshot_id: str) -> bool:
        """Tell that there is nowhere else to bring anything from."""
        return False

    def check(self, snapshot_id: str) -> None:
        """Do nothing: whoever opened the snapshot has read its files where they are kept."""

    @contextmanager
    def changing(self) -> Iterator[Path]:
        """Let one process at a time change the folder, which is made where it is not there."""
        with locked(self.path):
            forget_edition(self.path)
            yield self.path


def home_of(models: Models) -> Home:
    """Give the home that a path or a URL names; a home is itself.

    Raises:
        ConfigError: nothing here can read such a URL, or it lacks a slash.
        HomeAwayError: what reads it asks the place at once, and that cannot be reached.
    """
    if not isinstance(models, str | Path):
        return models
    if _REMOTE not in str(models):
        if cut := _CUT_SHORT.match(str(models)):
            # The rest is not repeated, as a password may stand in it.
            raise ConfigError(
                f"what begins with {cut[0]} is no folder; a URL has two slashes: {cut[0]}/…"
            )
        return Folder(Path(models))
    from nba.artifacts.mirror import Mirror

    return Mirror.of(str(models))
