# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Compare learners
#
# Two ways to learn what is new to a customer are tried on the same past, the better one is judged
# on a month that it never saw, published if the guard lets it, and rolled back. The rules of an
# honest comparison:
#
# - **One instant cuts for everybody.** What lies after it is the truth to find. Leaving out each
#   customer's last order instead would learn from the future of the others.
# - **Full ranking.** Every product sold before the cut is a candidate; nothing is sampled.
# - **Baselines beside.** What everybody buys, and what the customer bought most often. A learner
#   that does not beat the second one has learned nothing worth its time.
# - **Choose on one month, judge on the next.** The best of several is partly lucky.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import nba
from nba.artifacts.guard import objections
from nba.artifacts.registry import current_id, list_snapshots, open_snapshot, rollback
from nba.cli.console import table
from nba.domain import DAY, iso

# %%
MY_SHOP = None  # or "shop", the folder that `nba import` filled

work = TemporaryDirectory()  # removed when the kernel ends
if MY_SHOP is None:
    MY_SHOP = nba.simulate(f"{work.name}/shop", orders=12_000, seed=1).path
shop = nba.read_shop(MY_SHOP)

HORIZON = 28  # days of truth after a cut
test_from = shop.history.as_of - HORIZON * DAY
validate_from = test_from - HORIZON * DAY
print(f"choose on what was bought from {iso(validate_from)}, judge from {iso(test_from)}")

# %% [markdown]
# ## Two learners
#
# A configuration is a value; a recipe is the same as a file (`models/recipes/default.toml`, read by
# `nba.TrainConfig.from_toml`). These two differ in one setting. By default training tries four
# models on your customers and keeps the best; here each has one.

# %%
candidates = {
    "rp3beta": nba.TrainConfig(seed=7, picks={"models": ("rp3beta",)}),
    "als": nba.TrainConfig(seed=7, picks={"models": ("als",)}),
}
chosen_on = {
    name: nba.backtest(
        shop.history, shop.catalog, config, test_from=validate_from, horizon_days=HORIZON
    )
    for name, config in candidates.items()
}
for name, result in chosen_on.items():
    print(f"\n{name}: {result}")

# %% [markdown]
# How to read the tables:
#
# - `popularity` and `personal frequency` are the same in both, as they learn nothing.
# - `collaborative` is the learner by itself. `picks` is the list that customers see: the chance
#   that something is bought again, beside the chance of something new, which is the learner's.
# - **Intervals** are 95 %, by customer. Where two overlap widely, this month does not tell which is
#   better.
# - **Coverage** is the share of the products sold that appear in any list. Of two learners that hit
#   as often, take the one that shows more of the shop; popularity shows ten products to everybody.

# %%
MEASURE, CHOOSE_BY = "ndcg", "collaborative"


def row_of(result, method):
    """Give the row of a method."""
    return next(one for one in result.methods if one.method == method)


def figure(result, method):
    """Give the measure of a method, with its interval."""
    return getattr(row_of(result, method), MEASURE)


rows = []
for method in ("collaborative", "picks"):
    for name, result in chosen_on.items():
        found = figure(result, method)
        spread = f"{found.low:.4f} to {found.high:.4f}"
        share = f"{row_of(result, method).coverage:.1%}"
        rows.append([f"{method}, {name}", f"{found.mean:.4f}", spread, share])
print(table(["", f"{MEASURE}@10", "95 %", "coverage"], rows))

# %% [markdown]
# Both lists that customers see are nearly the same where most of what is bought is bought again, as
# the second half of the table tells: then the learner hardly matters to regulars. It does to those
# who come for something new, so choose by its own row, or set `CHOOSE_BY` to `picks`.

# %%
winner, loser = sorted(
    candidates, key=lambda name: figure(chosen_on[name], CHOOSE_BY).mean, reverse=True
)
ours, theirs = figure(chosen_on[winner], CHOOSE_BY), figure(chosen_on[loser], CHOOSE_BY)
is_sure = ours.low > theirs.high
print(f"{winner}: {ours.mean:.4f}, {loser}: {theirs.mean:.4f}")
print("the intervals are apart" if is_sure else "the intervals overlap: it may be luck")

# %% [markdown]
# ## The verdict
#
# The month after, which nothing was chosen by. This is the figure to tell others. Compare it with
# `personal frequency` of the same table, not with the month before: months differ. With the few
# hundred customers of a small shop the intervals of the two overlap, and another month, or another
# `seed` of the simulated shop, may turn the sign: a difference within them is no success.

# %%
judged = nba.backtest(
    shop.history, shop.catalog, candidates[winner], test_from=test_from, horizon_days=HORIZON
)
print(judged)
picks, frequency = (figure(judged, one) for one in ("picks", "personal frequency"))
print(f"\npicks over personal frequency: {MEASURE}@10 {picks.mean / frequency.mean - 1:+.1%}")
print(f"the learner itself: {ours.mean:.4f} when chosen, ", end="")
print(f"{figure(judged, 'collaborative').mean:.4f} in the month that it was not chosen by")

# %% [markdown]
# ## Publishing behind the guard
#
# What serves is the other learner, trained a month ago, with its backtest in its manifest.
# `nba train` compares each new snapshot with the current one before it publishes; in Python you
# call the guard yourself. It objects, in words, to a fall of the coverage by more than a fifth,
# to products that went missing, and to a recall that fell by more than a tenth.

# %%
models = Path(work.name) / "models"
serving = nba.train(shop.history, shop.catalog, candidates[loser], as_of=test_from)
serving.with_manifest(backtest=chosen_on[loser].to_dict()).publish(models)

better = nba.train(shop.history, shop.catalog, candidates[winner])
better = better.with_manifest(backtest=judged.to_dict())


def publish(snapshot):
    """Publish what the guard does not object to."""
    found = objections(open_snapshot(models), snapshot)
    if found:
        print(f"{snapshot.id} was not published:", *found, sep="\n  - ")
    else:
        print("published:", snapshot.publish(models).name)


publish(better)

# %% [markdown]
# Now the accident that the guard is for: the list of products did not arrive, and training went on
# without it.

# %%
publish(nba.train(shop.history, nba.Catalog.empty(), candidates[winner]))
print("current:", current_id(models))

# %% [markdown]
# And back. Whatever the guard cannot see, somebody may: an older snapshot is current again within
# a moment, and nothing is lost.

# %%
print("current:", rollback(models, serving.id))
for one in list_snapshots(models):
    mark = "*" if one.snapshot_id == current_id(models) else " "
    print(mark, one.snapshot_id, "learner:", one.config.picks.models[0])

# %% [markdown]
# The command line does the same: `nba backtest shop --test-from T --recipe F`, and
# `nba train shop --recipe F --backtest 28`, which refuses what is much worse unless you say
# `--force`. Whether better lists bring more money is another question: `03_read_the_kpis` reads
# what a shop earns, and an experiment with a holdout answers it.
