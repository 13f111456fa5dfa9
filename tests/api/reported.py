"""The reports of the tiny shop, as `nba report` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nba
from nba.measure.report.documents import cohorts_document, experiments_document, kpis_document
from nba.measure.report.source import Source


def documents(shop_folder: Path, snapshot: nba.Snapshot) -> dict[str, dict[str, Any]]:
    """Give the three reports by name."""
    source = Source(nba.read_shop(shop_folder), snapshot)
    return {
        "kpis": kpis_document(source),
        "cohorts": cohorts_document(source),
        "experiments": experiments_document(source, ()),
    }
