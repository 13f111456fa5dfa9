"""The reports of the tiny shop, as `nba report` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nba
from nba.cli.reporting import quality_document
from nba.measure.report import theme
from nba.measure.report.definitions import everything
from nba.measure.report.documents import cohorts_document, experiments_document, kpis_document
from nba.measure.report.figures import figures_document
from nba.measure.report.layout import sections, tiles
from nba.measure.report.parts import Shown
from nba.measure.report.source import Source
from nba.measure.report.writing import draw


def documents(shop_folder: Path, snapshot: nba.Snapshot) -> dict[str, dict[str, Any]]:
    """Give the three reports by name."""
    source = Source(nba.read_shop(shop_folder), snapshot)
    return {
        "kpis": kpis_document(source),
        "cohorts": cohorts_document(source),
        "experiments": experiments_document(source, ()),
    }


MADE = {"reported_at": "2026-03-02T08:00:00Z"}


def figures(shop_folder: Path, snapshot: nba.Snapshot, name: str = "Tiny") -> dict[str, Any]:
    """Give the page of figures, with two of the pictures, one of which cannot be drawn."""
    source = Source(nba.read_shop(shop_folder), snapshot)
    kpis, experiments = kpis_document(source), experiments_document(source, ())
    pictures = [draw(source, one) for one in ("customer-funnel", "message-funnel")]
    laid_out = Shown(
        tiles(kpis),
        ["After 2026-02, few came back."],
        sections(kpis, experiments, pictures, ()),
        {one.name: theme.svg(one) for one in pictures if one.chart is not None},
        everything(),
    )
    return MADE | figures_document(name, kpis, laid_out)


def quality(shop_folder: Path) -> dict[str, Any]:
    """Give what a check of the data says."""
    return MADE | quality_document(nba.read_shop(shop_folder))
