"""Draws docs/pictures/first_screen.svg from the demo's shop and snapshot.

Run `make demo ARGS=--no-serve` first, then `.venv/bin/python docs/pictures/first_screen.py`.
Every figure in the picture is an answer of the library.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import nba
from nba.artifacts.registry import open_snapshot
from nba.cli.demo import examples
from nba.config import shipped
from nba.recommend.results import Recommendation

INK, SOFT, LINE, BLUE, ORANGE, PAPER = (
    "#1b1f24", "#5b6470", "#d5dae1", "#1f6feb", "#b35900", "#ffffff",
)  # fmt: skip
WIDTH, HEIGHT, MIDDLE = 1160, 392, 560


def text(x: float, y: float, content: str, **style: object) -> str:
    """Place a text; style keys are SVG attributes with underscores."""
    attributes = {"font_size": 15, "fill": INK} | style
    spelled = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x}" y="{y}" {spelled}>{escape(content)}</text>'


def title(name: str) -> str:
    """Shorten a product title to one line: its kind, and its size where there is room."""
    kind, *more = (part.strip() for part in name.split(","))
    kind = kind.capitalize()
    shown = f"{kind}, {more[0].lower()}" if len(more) > 1 else kind
    return shown if len(shown) < 27 else f"{shown[:25]}…"


def together(slate: nba.Slate, product: str) -> list[str]:
    """Draw what goes with a product: one bar a neighbour, as long as its share of orders."""
    drawn = [
        text(40, 46, "What goes with it", font_size=20, font_weight="bold"),
        text(40, 72, f"{title(product)}: of the orders with it, also with", fill=SOFT),
    ]
    for place, item in enumerate(slate):
        y = 104 + 52 * place
        evidence = item.reason.evidence
        share, lift = float(evidence["confidence"] or 0), float(evidence["lift"] or 0)
        drawn += [
            text(40, y + 16, title(str(item.product["title"]))),
            f'<rect x="270" y="{y}" width="{share * 500:.0f}" height="22" rx="3" fill="{BLUE}"/>',
            text(280 + share * 500, y + 16, f"{share:.0%}", font_weight="bold"),
            text(
                270,
                y + 39,
                f"{evidence['orders_together']} of {evidence['orders_from']} orders, "
                f"{lift:.1f} times chance",
                font_size=12,
                fill=SOFT,
            ),
        ]
    return drawn


def next_message(decision: nba.Decision, snapshot: nba.Snapshot) -> list[str]:
    """Draw the message that is due, its products and until when the others wait."""
    if decision.message is None:
        raise SystemExit("the demo's customer has no message; nothing to draw")
    message, x = decision.message, MIDDLE + 40
    drawn = [
        text(x, 46, "Which message is next, and why", font_size=20, font_weight="bold"),
        text(x, 72, f"Customer {decision.customer_id}: {decision.state}", fill=SOFT),
        f'<rect x="{x}" y="92" width="520" height="128" rx="6" fill="none" stroke="{ORANGE}" '
        'stroke-width="2"/>',
        text(x + 16, 118, f"send now: {message.id}", font_weight="bold", fill=ORANGE),
        text(x + 16, 140, message.why, font_size=13, fill=SOFT),
    ]
    for place, item in enumerate(message.slots["main"][:3]):
        drawn.append(text(x + 16, 166 + 20 * place, title(str(item.product["title"]))))
        drawn.append(
            text(x + 240, 166 + 20 * place, reason(item, snapshot), font_size=12, fill=SOFT)
        )
    waiting = [(one.id, str(one.rule).replace("_", " "), one.until) for one in decision.suppressed]
    waiting.sort(key=lambda one: one[2] is None)
    lines = [
        f"{one}: open as well, worth less ({value:.0f})" for one, value in decision.alternatives
    ]
    lines += [
        f"{one}: {rule}" + ("" if until is None else f" until {str(until)[:16].replace('T', ' ')}")
        for one, rule, until in waiting
    ]
    drawn.append(text(x, 252, "The others wait", font_weight="bold"))
    lines = lines[:4] + ([f"and {len(lines) - 4} more"] if len(lines) > 4 else [])
    drawn += [text(x, 278 + 24 * place, line, fill=SOFT) for place, line in enumerate(lines)]
    return drawn


def reason(item: Recommendation, snapshot: nba.Snapshot) -> str:
    """Shorten a reason to fit beside its product."""
    evidence = item.reason.evidence
    if "from" not in evidence:
        return item.reason.text
    bought = snapshot.products.title[snapshot.products.ids.find(str(evidence["from"])) or 0]
    share = float(evidence["confidence"] or 0)
    return f"in {share:.0%} of orders with {title(bought).lower()[:20].rstrip('…/')}…"


def main() -> None:
    """Draw the picture."""
    snapshot, shop = open_snapshot("models"), nba.read_shop("demo")
    product, customer = examples(snapshot, shop)
    recommender = nba.Recommender(snapshot)
    code = snapshot.products.ids.find(product) or 0
    policy = nba.Policy(snapshot, nba.Playbook.from_toml(shipped("playbooks", "owox_2011")))
    decision = policy.decide(customer, shop.facts(customers=[customer]), shop.history.as_of)
    body = [
        *together(recommender.bought_together(product, n=5), snapshot.products.title[code]),
        f'<line x1="{MIDDLE}" y1="28" x2="{MIDDLE}" y2="{HEIGHT - 28}" stroke="{LINE}"/>',
        *next_message(decision, snapshot),
    ]
    Path(__file__).with_suffix(".svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{PAPER}"/>'
        + "\n".join(body)
        + "</svg>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
