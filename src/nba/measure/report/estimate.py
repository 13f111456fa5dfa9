"""What more orders would bring a shop, from its own figures, step by step."""

from __future__ import annotations

from nba.measure import calculator
from nba.measure.report.source import Source
from nba.measure.report.words import major


def arithmetic(source: Source) -> tuple[str, ...]:
    """Work out what more orders would bring; nothing without visits, or where sums mix currencies.

    Visits, and the orders they led to, are those of the days of the history of which visits are
    told; the profit an order is that of all orders, in major units.
    """
    whole = source.kpis.whole
    sums = whole.sums
    if source.mixed or not (whole.visits and whole.conversion and sums.orders):
        return ()
    # With more orders than visits, as where only some visits are counted, nothing would follow.
    if whole.conversion > 1:
        return ()
    days = source.traffic.told_days()
    begin = source.sales.months()[0].astype("datetime64[us]")
    count = int(((days >= begin) & (days < whole.until)).sum())
    return calculator.estimate(
        visits_a_day=whole.visits / count,
        conversion=whole.conversion,
        profit_an_order=major(sums.profit / sums.orders, source.currency),
    ).arithmetic
