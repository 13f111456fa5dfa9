"""What people should know of an import beside the counts of its rows, as sentences."""

from __future__ import annotations

from typing import Final

from nba.data.accounts import ImportReport
from nba.data.products import UNRESOLVED

_NAMED: Final = 5
"""Examples that a sentence lists."""
_FOUND_BY: Final = {"sku": "SKU", "variant_title": "whole title", "title": "title"}


def counted(count: float, singular: str, plural: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{count:,.0f} {singular if count == 1 else plural or singular + 's'}"


def remarks(report: ImportReport) -> list[str]:
    """Give the remarks on an import, those about rows first."""
    found = []
    for word, rows in report.unknown_statuses.items():
        found.append(f"unknown status {word!r} in {counted(rows, 'row')}")
    if report.unknown_statuses:
        found.append("give their meaning under [statuses] in a mapping of your own, with --map")
    found += _of_products(report)
    found += [
        sentence
        for count, sentence in (
            (
                report.repeated_lines,
                f"{counted(report.repeated_lines, 'line')} repeated within an order; kept",
            ),
            (
                report.merged_lines,
                f"{counted(report.merged_lines, 'row')} repeating a line with its number; "
                "one of each is kept",
            ),
            (
                report.repeated_products,
                f"{counted(report.repeated_products, 'catalogue row')} repeating a product; "
                "one of each is kept",
            ),
            *(
                (rows, f"{counted(rows, 'row')} of {table} repeating another; one of each is kept")
                for table, rows in report.repeated_rows.items()
            ),
            (
                report.superseded_orders,
                f"{counted(report.superseded_orders, 'version')} of orders gave way to later ones, "
                "kept for replays",
            ),
            (
                report.returns_unmatched,
                f"{counted(report.returns_unmatched, 'return')} of what was not bought before: "
                + "; ".join(report.returns_examples),
            ),
            (
                report.waiting_statuses,
                f"{counted(report.waiting_statuses, 'status', 'statuses')} of orders that the shop "
                "does not hold yet; kept",
            ),
            (
                report.ignored_consents,
                f"{counted(report.ignored_consents, 'consent')} without an instant, ignored: "
                "fill consent_at",
            ),
        )
        if count
    ]
    found += [
        f"warning: {step} is no step of any flow, {counted(times, 'time')}; loaded"
        for step, times in list(report.illegal_jumps.items())[:_NAMED]
    ]
    if report.status_assumed:
        found.append("no status column: every order counts as delivered")
    return found


def _of_products(report: ImportReport) -> list[str]:
    found = []
    by = [
        f"{lines:,} by {_FOUND_BY[how]}"
        for how, lines in report.resolved_lines.items()
        if how != UNRESOLVED
    ]
    if by:
        found.append(f"products of lines found: {', '.join(by)}")
    unresolved = report.resolved_lines.get(UNRESOLVED, 0)
    if unresolved:
        named = ", ".join(
            f"{title or sku} ({lines:,})"
            for sku, title, lines in report.unresolved_products[:_NAMED]
        )
        found.append(
            f"{counted(unresolved, 'line')} of products that match no catalogue row: {named}; "
            "the SKU, or an id made of the title, stands in"
        )
    if report.products_without_catalogue:
        found.append(
            f"{counted(report.products_without_catalogue, 'product')} sold but in no catalogue "
            "row; the id stands in for a title"
        )
    return found
