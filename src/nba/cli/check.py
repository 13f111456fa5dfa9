"""`nba check`: what a shop's data can support."""

from __future__ import annotations

from nba.cli.console import AsJson, ShopFolder, give, say


def check(shop: ShopFolder, as_json: AsJson = False) -> None:
    """Say what this data holds, and what each missing thing would unlock."""
    from nba.data.report import data_report
    from nba.data.shop import read_shop

    report = data_report(read_shop(shop))
    for name, value in report.figures.items():
        say(f"{name:<20}{value}", as_json=as_json)
    sections = (
        ("You get", report.works),
        ("It grows with you", report.grows),
        ("Would add", report.would_unlock),
        ("Worth a look", report.remarks),
    )
    for title, lines in sections:
        if lines:
            say(f"\n{title}:", as_json=as_json)
        for line in lines:
            say(f"  - {line}", as_json=as_json)
    say(as_json=as_json)
    say(f"next: nba train {shop}", as_json=as_json)
    if as_json:
        give(report.to_dict())
