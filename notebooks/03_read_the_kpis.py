# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Read the figures
#
# What a shop earns, from whom, who comes back, and what each message did. These are the figures of
# `nba report shop --out report`, which writes the same documents and pictures into one page; here
# they are values that you can go on working with. Money is in minor units (cents) until printed,
# months are those of UTC, and what is undefined is `None`, never 0.

# %%
from tempfile import TemporaryDirectory

import nba
from nba.cli.console import table
from nba.config import shipped
from nba.measure.report.documents import cohorts_document, kpis_document
from nba.measure.report.earlier import cut_for
from nba.measure.report.pictures import (
    calibration,
    cohorts,
    customer_funnel,
    frequency,
    funnel,
    lifecycle,
    series,
)
from nba.measure.report.source import Plan, Source

# %%
MY_SHOP = None  # or "shop", the folder that `nba import` filled

work = TemporaryDirectory()  # removed when the kernel ends
if MY_SHOP is None:
    MY_SHOP = nba.simulate(f"{work.name}/shop", orders=6000, seed=1).path
shop = nba.read_shop(MY_SHOP)

# %% [markdown]
# A report is made of a shop, of a snapshot of it, and of what the playbook promises (caps, kinds of
# messages). The second snapshot knows all but the last weeks: what it foretold is held against what
# came.

# %%
config = nba.TrainConfig(seed=7, picks={"models": ("als",)})  # one learner: quicker than a trial
snapshot = nba.train(shop.history, shop.catalog, config)
cut = cut_for(shop.history)
earlier = None if cut is None else nba.train(shop.history, shop.catalog, config, as_of=cut)
playbook = nba.Playbook.from_toml(shipped("playbooks", "owox_2011"))
plan = Plan(
    cap_day=playbook.caps.day,
    cap_week=playbook.caps.week,
    kinds={one.id: str(one.kind) for one in playbook.message},
)
source = Source(shop, snapshot, plan, earlier)
kpis = kpis_document(source)


def money(minor):
    """Write minor units in major ones."""
    return "-" if minor is None else f"{minor / 100:,.2f}"


def share(part):
    """Write a share in percent."""
    return "-" if part is None else f"{part:.1%}"


# %% [markdown]
# ## The whole history
#
# Each figure has one definition, in `definitions`. Look at `repeat_purchase_rate` and
# `repeat_revenue_share` first: they say whether the shop lives on new customers or on those it has.
# Retention and churn of the whole history are undefined, as nobody was a customer before the first
# order; those of months follow.

# %%
SHARES = ("repeat_purchase_rate", "repeat_revenue_share", "customer_retention_rate", "conversion")
AMOUNTS = ("revenue", "average_order_value", "lifetime_value")
COUNTS = ("orders", "customers")
rows = [
    *([name, f"{kpis[name]:,}", kpis["definitions"][name]] for name in COUNTS),
    *([name, money(kpis[name]), kpis["definitions"][name]] for name in AMOUNTS),
    *([name, share(kpis[name]), kpis["definitions"][name]] for name in SHARES),
]
for name, figure, definition in rows:
    print(f"{name:24}{figure:>16}  {definition}")

# %% [markdown]
# ## Month by month
#
# The last month is rarely over: its row says so, and it is compared with nothing.

# %%
rows = [
    [
        one["since"][:7] + ("" if one["is_finished"] else ", not over"),
        f"{one['orders']:,}",
        money(one["revenue"]),
        money(one["average_order_value"]),
        f"{one['new_customers']:,}",
        share(one["returning_customer_share"]),
        share(one["customer_retention_rate"]),
        share(one["conversion"]),
    ]
    for one in kpis["months"][-7:]
]
header = ["", "orders", "revenue", "a bill", "new", "returning", "retention", "conversion"]
print(table(header, rows))


# %% [markdown]
# A picture is drawn from the same source. Its title and reading say what *this* shop's figures are.
# Here it is shown as in the report, without any network; its `chart` is an Altair chart, for
# whoever wants to go on drawing.


# %%
series.draw(source)

# %% [markdown]
# ## What changed, and by what
#
# Profit is a product: visits x conversion x repeats x average bill x margin. The change from one
# month to the next is split among the factors, exactly: the parts add up. Look for the factor with
# the greatest part against the direction of the whole; that is where to ask why.

# %%
change = kpis["change"]
if change is None:
    print("two finished months are needed")
else:
    print(f"{change['before_month']} to {change['after_month']}, by {change['method']}")
    forms = dict.fromkeys(("conversion", "margin"), share)
    forms |= dict.fromkeys(("average_bill", "profit"), money)
    parts = change["parts"] | {"profit": change["change"]}
    rows = []
    for name, part in parts.items():
        form = forms.get(name, "{:,.4g}".format if name == "repeats" else "{:,.0f}".format)
        rows.append([name, *(form(change[one][name]) for one in ("before", "after")), money(part)])
    print(table(["", "before", "after", "part of the change"], rows))

# %% [markdown]
# ## Who comes back
#
# Customers by the month of their first order, and the share of them who bought again so many months
# later. Read down a column: does the newest cohort do worse than older ones *at the same age*? Read
# along a row only to see how one cohort ages. A cell in brackets can still grow.

# %%
document = cohorts_document(source)
found = {}
for cell in document["cohorts"]:
    found.setdefault(cell["month"], []).append(cell)
AGES = 7


def cells_of(cells):
    """Lay out one cohort: its size, and the share that bought in each month after."""
    told = [
        f"{share(one['share'])}" if one["is_finished"] else f"({share(one['share'])})"
        for one in cells[1 : AGES + 1]
    ]
    return [f"{cells[0]['customers']:,}", *told, *[""] * (AGES - len(told))]


rows = [[month, *cells_of(cells)] for month, cells in list(found.items())[-10:]]
print(table(["first order", "customers", *(f"+{age}" for age in range(1, AGES + 1))], rows))

# %%
cohorts.draw(source)

# %% [markdown]
# Cohorts differ by chance. The alarm compares the newest ones with older ones at the same age, and
# allows for months in which the whole shop sells less; it is wrong in at most one year of twenty
# with monthly looks. So a raised one is worth a morning; a lower cell by itself is not.

# %%
for alarm in document["alarms"][-3:]:
    said = "RAISED" if alarm["is_raised"] else "quiet"
    print(f"{alarm['month']}: {said}, p {alarm['p_value']:.3f} against {alarm['alpha']:.4f}")

# %% [markdown]
# How far has everybody come? The step that loses most is the one to work on.

# %%
customer_funnel.draw(source)

# %% [markdown]
# And where customers stand from month to month, by their own rhythm: a ribbon from active to at
# risk is this month's work for the win-back message.

# %%
lifecycle.draw(source)

# %% [markdown]
# ## What each message did
#
# `useful` are messages that led to an order, review or rating within the days below, of which they
# were the last message. Compare `useful` with `unsubscribed`: a message that earns little and loses
# readers costs more than it shows.

# %%
print(f"useful: within {kpis['attribution_days']} days")
rows = [
    [
        one["message"],
        f"{one['sent']:,}",
        f"{one['clicked']:,}",
        share(one["useful_per_message"]),
        share(one["unsubscribed_per_message"]),
        money(one["revenue_per_message"]),
    ]
    for one in [*kpis["messages"], {"message": "all", **kpis["messages_total"]}]
]
print(table(["", "sent", "clicked", "useful", "unsubscribed", "revenue each"], rows))

# %%
funnel.draw(source)

# %% [markdown]
# What followed a message is not what it *caused*: many would have bought anyway. Of customers held
# out by chance it is logged what they could have got, so the two groups can be compared. An
# interval that holds 0 says: not known yet. One of a few customers is wide: wait for some
# dozens in both groups.

# %%
ENOUGH = 30
rows = []
for one in kpis["incremental"]:
    useful, smaller = one["useful"], min(one["treated"], one["held_out"])
    spread = "-" if useful["low"] is None else f"{useful['low']:+.2f} to {useful['high']:+.2f}"
    rows.append(
        [
            one["message"],
            f"{one['treated']:,}",
            f"{one['held_out']:,}",
            f"{useful['effect']:+.2f}",
            spread,
            "yes" if smaller >= ENOUGH else "too few",
        ]
    )
header = ["useful actions a customer", "got it", "held out", "effect", "95 %", "enough"]
print(table(header, rows))

# %% [markdown]
# Does anybody get too much? Hold the greatest number in any seven days against the cap.

# %%
frequency.draw(source)

# %% [markdown]
# ## Is what was foretold true?
#
# The earlier snapshot gave each purchase a chance to be made again. On the diagonal, chances are
# honest: of those told 30 %, 30 % bought. Points below it promise too much.

# %%
calibration.draw(source)

# %% [markdown]
# ## What a customer is worth
#
# Profit so far, and what the models expect within a year. Per cohort of known cost: what winning a
# customer cost (CAC), how many times that has come back so far, and within how many months.

# %%
expected = kpis["lifetime"]["expected"]
print(f"so far {money(expected['lifetime_value'])} a customer; to come within a year ", end="")
low, high = (money(expected[f"profit_to_come_{end}"]) for end in ("low", "high"))
print(f"{money(expected['profit_to_come'])} ({low} to {high}, by who happens to be a customer)")
rows = [
    [
        one["month"],
        f"{one['customers']:,}",
        money(one["acquisition_cost"]),
        "-" if one["value_to_cost"] is None else f"{one['value_to_cost']:.1f}",
        "not yet" if one["payback_months"] is None else str(one["payback_months"]),
    ]
    for one in kpis["lifetime"]["cohorts"][-10:]
]
print(table(["first order", "customers", "cost each", "value / cost", "months to it"], rows))

# %% [markdown]
# The whole page: `nba report shop --out report`; the same figures over HTTP: `GET /v1/kpis`,
# `/v1/cohorts`, `/v1/experiments`. Next: `04_choose_the_next_message`.
