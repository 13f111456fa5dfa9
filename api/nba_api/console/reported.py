"""What `nba report` left for the console: figures as people read them, and a check of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from nba.artifacts.reports import how_to_report, report_path
from nba.artifacts.snapshot import Manifest
from nba.domain import to_instant
from nba.errors import SnapshotError
from nba_api.live import Live
from nba_api.routes.reports import Reports


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Tile(_Told):
    """A figure at the top."""

    title: str
    value: str
    note: str
    meaning: str


class Picture(_Told):
    """A picture: an SVG file and its size in pixels, None of one that could not be drawn."""

    name: str
    title: str
    reading: str
    definitions: Sequence[tuple[str, str]]
    size: tuple[int, int] | None
    svg: str | None
    marks: Sequence[tuple[str, str]]


class Table(_Told):
    """A table of figures or of sentences, or the steps of a calculation."""

    title: str
    reading: str
    is_prose: bool
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]
    steps: Sequence[str]


class Section(_Told):
    """Pictures and tables of one subject."""

    id: str
    title: str
    pictures: Sequence[Picture]
    tables: Sequence[Table]


class Figures(_Told):
    """The document `figures`."""

    name: str
    snapshot_id: str
    reported_at: str
    since: str | None
    as_of: str
    currency: str | None
    mixture: str
    tiles: Sequence[Tile]
    alarms: Sequence[str]
    sections: Sequence[Section]

    def picture(self, name: str) -> str | None:
        """Give a picture as an SVG file; None where there is none of this name."""
        drawn = {one.name: one.svg for section in self.sections for one in section.pictures}
        return drawn.get(name)


class Refused(_Told):
    """Rows in quarantine that broke the same rule."""

    source: str
    column: str | None
    rule: str
    rows: int


class Quality(_Told):
    """The document `quality`: what `nba check` says."""

    reported_at: str
    as_of: str
    figures: Mapping[str, str]
    works: Sequence[str]
    grows: Sequence[str]
    would_unlock: Sequence[str]
    remarks: Sequence[str]
    refused: Sequence[Refused]


_Document = TypeVar("_Document", Figures, Quality)
_NAMES: Final[Mapping[type[_Told], str]] = {Figures: "figures", Quality: "quality"}


class Reported:
    """Both documents of a models folder, each read once and again when its file is another."""

    def __init__(self, reports: Reports) -> None:
        """Read nothing yet.

        Args:
            reports: of the folder.
        """
        self._reports = reports
        self._kept: dict[str, tuple[str, _Told]] = {}

    @property
    def how(self) -> str:
        """The command that writes both."""
        return how_to_report(self._reports.models)

    def get(self, kind: type[_Document]) -> _Document | None:
        """Give a document; None while there is none.

        Raises:
            SnapshotError: its file is damaged, or of another version.
        """
        name = _NAMES[kind]
        found = self._reports.get(name)
        if found is None:
            self._kept.pop(name, None)
            return None
        body, tag = found
        kept = self._kept.get(name)
        if kept is not None and kept[0] == tag and isinstance(kept[1], kind):
            return kept[1]
        try:
            document = kind.model_validate_json(body)
        except ValidationError:
            raise SnapshotError(
                f"{report_path(self._reports.models, name)} was written by another version; write "
                f"it anew with: {self.how}"
            ) from None
        self._kept[name] = tag, document
        return document


def newer_than(live: Live, as_of: str | None) -> Manifest | None:
    """Give what is served where it knows of later facts than a document that was written."""
    try:
        served = live.serving().snapshot.manifest
    except SnapshotError:
        return None
    if as_of is None or to_instant(served.data_until) <= to_instant(as_of):
        return None
    return served


async def _of(request: Request) -> Reported:
    reported: Reported = request.app.state.reported
    return reported


ReportedState = Annotated[Reported, Depends(_of)]
