"""A report written into a folder: one page, a PNG of each picture, the figures as JSON."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from nba.artifacts.reports import to_bytes
from nba.errors import ConfigError, DataError
from nba.measure.experiments.files import Trial
from nba.measure.report import definitions, theme
from nba.measure.report.documents import (
    cohorts_document,
    experiments_document,
    kpis_document,
    readouts,
)
from nba.measure.report.estimate import arithmetic
from nba.measure.report.figures import figures_document
from nba.measure.report.layout import raised, sections, tiles
from nba.measure.report.page import page
from nba.measure.report.parts import Shown
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source

CALIBRATION: Final = "due-date-calibration"
"""The picture that takes an earlier snapshot."""
PICTURES: Final[Mapping[str, str]] = {
    "kpi-series": "series",
    "cohort-retention": "cohorts",
    "cohort-value": "cohort_value",
    "lifecycle-flow": "lifecycle",
    "customer-funnel": "customer_funnel",
    "bought-together": "ego",
    "category-heat-map": "categories",
    "coverage": "coverage",
    "replacement-times": "replacement",
    CALIBRATION: "calibration",
    "message-funnel": "funnel",
    "message-frequency": "frequency",
}
"""Name of a picture → its file in `pictures`."""
PAGE: Final = "report.html"

Announce = Callable[[str], None]


def check_names(names: Collection[str]) -> None:
    """See that there are pictures of these names.

    Raises:
        ConfigError: there is one of another name.
    """
    for name in names:
        if name not in PICTURES:
            raise ConfigError(f"there is no picture {name!r}; choose among {', '.join(PICTURES)}")


def check_folder(out: Path) -> None:
    """See that something can be written to a folder, which is made where it is not there.

    Raises:
        DataError: nothing can.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise _refused(out, error) from None


def draw(source: Source, name: str, *, product: str | None = None) -> Picture:
    """Draw one picture.

    Args:
        source: the shop.
        name: of the picture.
        product: in the middle of the one that has a product there; by default a best seller.

    Raises:
        ConfigError: there is none of this name, or the source names a product that is unknown.
    """
    check_names([name])
    module = importlib.import_module(f"nba.measure.report.pictures.{PICTURES[name]}")
    chosen = {"product_id": product} if PICTURES[name] == "ego" else {}
    picture: Picture = module.draw(source, **chosen)
    return picture


def write_pictures(
    source: Source,
    out: Path,
    names: Sequence[str] = tuple(PICTURES),
    *,
    product: str | None = None,
    announce: Announce = lambda _: None,
) -> dict[str, Path | str]:
    """Write pictures as PNG.

    Args:
        source: the shop.
        out: the folder, which is made where it is not there.
        names: which.
        product: as `draw` has it.
        announce: called with the name of the step as it begins.

    Returns:
        Name → its file; or, where the shop has too little for it, what is missing.

    Raises:
        ConfigError: there is no such picture.
        DataError: the folder cannot be written.
    """
    return {
        picture.name: picture.reading if path is None else path
        for picture, path in _drawn(source, out, names, product, announce)
    }


def write_report(
    source: Source,
    out: Path,
    *,
    name: str,
    experiments: Sequence[Trial] = (),
    product: str | None = None,
    announce: Announce = lambda _: None,
) -> dict[str, dict[str, Any]]:
    """Write `report.html`, a PNG of each picture, and the documents.

    Args:
        source: the shop.
        out: the folder, which is made where it is not there.
        name: of the shop, for people.
        experiments: to be read out.
        product: as `draw` has it.
        announce: called with the name of the step as it begins.

    Returns:
        The documents by name: `kpis`, `cohorts`, `experiments`, and `figures`, which is no file
        of the folder but what a page of the server shows.

    Raises:
        ConfigError: an experiment is not of this shop.
        DataError: the folder cannot be written.
    """
    announce("working out the figures")
    trials = readouts(source, experiments)
    documents = {
        "kpis": kpis_document(source, experiments=trials),
        "cohorts": cohorts_document(source),
        "experiments": experiments_document(source, trials),
    }
    pictures = [one for one, _ in _drawn(source, out, tuple(PICTURES), product, announce)]
    announce("writing")
    for one, document in documents.items():
        _write(out / f"{one}.json", to_bytes(document))
    kpis = documents["kpis"]
    laid_out = Shown(
        tiles(kpis),
        raised(documents["cohorts"]),
        sections(kpis, documents["experiments"], pictures, arithmetic(source)),
        {one.name: theme.svg(one) for one in pictures if one.chart is not None},
        definitions.everything(),
    )
    _write(out / PAGE, page(name, kpis, laid_out).encode())
    return documents | {"figures": figures_document(name, kpis, laid_out)}


def _drawn(
    source: Source, out: Path, names: Sequence[str], product: str | None, announce: Announce
) -> Iterator[tuple[Picture, Path | None]]:
    """Draw pictures and write each, as far as there is one, as PNG."""
    for name in names:
        announce(f"drawing {name}")
        picture = draw(source, name, product=product)
        path = out / f"{name}.png"
        yield picture, None if picture.chart is None else _write(path, theme.png(picture))


def _write(path: Path, content: bytes) -> Path:
    aside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise _refused(path, error) from None
    return path


def _refused(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} cannot be written: {error.strerror}; choose a folder with --out that can be "
        "written and has room"
    )
