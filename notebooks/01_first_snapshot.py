# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first snapshot
#
# From a shop's orders to lists of products with reasons, published so that a server can answer
# from them, and rolled back. The shop here is simulated, so that all of it runs offline within a
# minute; one line puts your own in its place.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import nba
from nba.artifacts.registry import current_id, list_snapshots, open_snapshot, rollback
from nba.cli.console import table
from nba.data.report import data_report
from nba.domain import DAY

# %% [markdown]
# ## The shop
#
# A shop is a folder of Parquet files, see `docs/data-contract.md`. Fill one with your own orders on
# the command line, where bad rows go to quarantine with line and reason:
#
# ```
# nba import orders.csv consents.csv --shop shop
# ```
#
# and name it in the next cell. All else stays as it is.

# %%
MY_SHOP = None  # or "shop", the folder that `nba import` filled

work = TemporaryDirectory()  # removed when the kernel ends
if MY_SHOP is None:
    MY_SHOP = nba.simulate(f"{work.name}/shop", orders=8000, seed=1).path
shop = nba.read_shop(MY_SHOP)
print(f"{len(shop.history):,} orders and {len(shop.catalog.product_ids):,} products in the list")

# %% [markdown]
# What is in it? Before anything is learned, see what the data support: *You get* is what works
# with them as they are, *Would add* what a further table or column would bring.

# %%
report = data_report(shop)
for name, value in report.figures.items():
    print(f"{name:20}{value}")
for title, lines in (
    ("You get", report.works),
    ("It grows with you", report.grows),
    ("Would add", report.would_unlock),
    ("Worth a look", report.remarks),
):
    print(f"\n{title}:", *lines or ["nothing"], sep="\n  - ")

# %% [markdown]
# ## Training
#
# `as_of` cuts what is known: nothing at or after that instant is read. The same shop, configuration
# and seed give the same snapshot, down to its digest. Look at the coverage: a relation that reaches
# few of the products sold will leave many of your pages empty.

# %%
snapshot = nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=7))
manifest = snapshot.manifest
print(f"{snapshot.id}: {manifest.data_from} to {manifest.data_until}")
print(table(["", "count"], [[name, f"{one:,}"] for name, one in manifest.counts.items()]))
shares = [
    [name.removesuffix("_of_sold"), f"{share:.0%}"]
    for name, share in manifest.coverage.items()
    if name.endswith("_of_sold")
]
print(table(["\nrelation", "products sold that have it"], shares))

# %% [markdown]
# ## What goes with a product
#
# Take a best seller with a list of every kind. A reason is a sentence that can be recounted
# from the orders; `source` names the evidence it rests on: `pair` are orders with both products,
# and steps below it (variants, categories) stand in where there are too few.

# %%
recommender = nba.Recommender(snapshot)


def lists_of(product_id):
    """Ask for every kind of list about a product."""
    return {
        "bought together": recommender.bought_together(product_id, n=5),
        "accessories": recommender.accessories(product_id, n=5),
        "similar": recommender.similar(product_id, n=5),
        "replacements": recommender.replacements(product_id, n=5),
    }


def counts(item):
    """Write the orders with both products, of those with the first; nothing of other evidence."""
    evidence = item.reason.evidence
    if "orders_together" not in evidence:
        return ""
    return f"{evidence['orders_together']:,} of {evidence['orders_from']:,}"


def shown(slate):
    """Show a list with its reasons in full: drawn in Jupyter, as text where this is a script."""
    frame = slate.to_frame()[["product_id", "title", "score", "source", "reason"]]
    if any(map(counts, slate.items)):
        frame["orders"] = [counts(item) for item in slate.items]
    frame["score"] = frame["score"].map("{:.3f}".format)
    if "get_ipython" not in globals():
        print(f"\n{slate.type}:\n{table([*frame], frame.to_numpy().tolist())}")
        return None
    return frame.style.hide(axis="index").set_properties(**{"text-align": "left"})


def together(item):
    """Count the orders that a reason rests on; 0 where it rests on something else."""
    return item.reason.evidence.get("orders_together", 0)


def told(product_id):
    """Say whether a product has every list, and how many orders speak for the first one."""
    found = lists_of(product_id)
    most = max(map(together, found["bought together"]), default=0)
    return sum(len(one) > 0 for one in found.values()), most


best_sellers = (-snapshot.products.orders).argsort(kind="stable")[:200]
orderable = best_sellers[snapshot.products.can_be_ordered(best_sellers)]
product = max((snapshot.products.ids[code] for code in orderable.tolist()), key=told)
lists = lists_of(product)
print(product, recommender.card(snapshot.products.ids.find(product)))

# %% [markdown]
# **Bought together** shares orders with it. Look for what you know to belong together, and for
# what is only popular: a good list has little of that. Look at `orders` too, those with both
# products of those with the first: of a few orders chance says most, and a larger shop is surer.

# %%
shown(lists["bought together"])

# %%
# What the reason with the most orders rests on: figures that recount from the raw rows.
surest = max(lists["bought together"], key=together, default=None)
print(surest and dict(surest.reason.evidence))

# %% [markdown]
# **Accessories** are what owners come to need, in the same order or later, and only what fits. The
# reason says after how many days; a message about them waits until then.

# %%
shown(lists["accessories"])

# %% [markdown]
# **Similar** products serve the same need: for a page whose product is sold out, or to compare.

# %%
shown(lists["similar"])

# %% [markdown]
# **Replacements** take the product's place: its successor first, then what serves the same need,
# then the parts and refills of it.

# %%
shown(lists["replacements"])

# %% [markdown]
# And a **customer**: what they are likely to buy within a week, again or for the first time; the
# reason says which. Of the fifty with most orders, the one who is surest to come back.

# %%
regulars = (-snapshot.customers.order_count).argsort(kind="stable")[:50]
customer = max(
    (snapshot.customers.ids[code] for code in regulars.tolist()),
    key=lambda one: recommender.picks(one, n=1)[0].score,
)
shown(recommender.picks(customer, n=8))

# %% [markdown]
# ## Publishing
#
# A models folder holds the last snapshots and a pointer to the current one. `publish` writes aside,
# checks what it wrote and only then moves the pointer: whoever reads meanwhile has the old one.
# Two snapshots, the older one trained as if half a year ago.

# %%
models = Path(work.name) / "models"
half_a_year_ago = shop.history.as_of - 182 * DAY
older = nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=7), as_of=half_a_year_ago)
older.publish(models)
print("published as", snapshot.publish(models).name)

# %% [markdown]
# The list, the latest published first; `*` marks the one that serves.


# %%
def stored():
    """Lay out the snapshots of the folder."""
    current = current_id(models)
    return table(
        ["  snapshot", "data until", "orders", "digest"],
        [
            [
                f"{'*' if one.snapshot_id == current else ' '} {one.snapshot_id}",
                one.data_until,
                f"{one.counts['kept_orders']:,}",
                one.digest[:12],
            ]
            for one in list_snapshots(models)
        ],
    )


print(stored())

# %% [markdown]
# Opening compares every file with its hash, so that a flipped bit is refused and not served. What
# was opened answers like what was trained.

# %%
opened = open_snapshot(models)
again = nba.Recommender(opened).bought_together(product, n=5)
print(f"{len(opened.manifest.files)} files are as written")
print("the same list:", again.product_ids == lists["bought together"].product_ids)

# %% [markdown]
# A snapshot that turns out bad is not repaired: an older one is made current again.

# %%
print("current:", rollback(models))
print(stored())

# %% [markdown]
# The command line does the same: `nba train shop`, `nba models list`, `nba models verify`,
# `nba models rollback`, and `nba serve` answers from what is current. Next: `02_compare_learners`
# asks whether a snapshot's lists are any good.
