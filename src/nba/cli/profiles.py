"""How `nba recommend profile` shows what is known of a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nba.cli.console import give, say

if TYPE_CHECKING:
    from nba.recommend.profile import Profile


def show_profile(profile: Profile, *, n: int, as_json: bool) -> None:
    """Print a profile for people, with `n` owned and due products at most, or as JSON."""
    from nba.recommend.wording import counted

    def line(name: str, text: str) -> None:
        say(f"  {name:<10} {text}", as_json=as_json)

    rhythm, value = profile.rhythm, profile.lifetime_value
    say(f"{profile.customer_id}, as of {profile.as_of}", as_json=as_json)
    if not profile.known:
        say("nobody knows this customer", as_json=as_json)
    if evidence := rhythm.get("evidence"):
        line(
            "rhythm",
            f"{rhythm['icon']} {rhythm['label']}: {counted(evidence['order_days'], 'order day')}, "
            f"the last on {evidence['last_day']}; {evidence['orders_a_week']:.2f} a week",
        )
        line("alive", f"{profile.p_alive:.0%}")
        line(
            "expects",
            f"{profile.expected_purchases:.1f} order days within {profile.horizon_days} days, "
            f"profit {value['expected'] / 100:,.2f} ({value['low'] / 100:,.2f} to "
            f"{value['high'] / 100:,.2f} with {value['level']:.0%})",
        )
    for one in profile.segments:
        line(one["kind"], f"{one['icon']} {one['label']}")
    for one in profile.owned[:n]:
        line("owns", f"{one['product_id']}  {one['title']}")
    for one in profile.due[:n]:
        about, dates = one.get("title") or one["category"], one["evidence"]
        span = f"{dates['due_from'][:10]} to {dates['due_until'][:10]}"
        line(one["kind"], f"{about}: {dates['due_at'][:10]} ({span}, {dates['level']:.0%})")
    if as_json:
        give(profile.to_dict())
