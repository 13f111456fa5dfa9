# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Choose the next message
#
# Which message each customer should get now, or that none is due, and why; what waits, and until
# when; what changes when one value of the playbook does; everybody at once; and what leaving a
# message out would be worth, told from the log before anybody is asked to live with it. Nothing
# here sends anything: asking has no side effect.

# %%
import tomllib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import nba
from nba.cli.console import table
from nba.config import shipped
from nba.domain import iso
from nba.measure.logged import Logged, first_chance
from nba.measure.offpolicy import inverse_propensity
from nba.vocabulary import Stage

# %%
MY_SHOP = None  # or "shop", the folder that `nba import` filled

work = TemporaryDirectory()  # removed when the kernel ends
if MY_SHOP is None:
    MY_SHOP = nba.simulate(f"{work.name}/shop", orders=6000, seed=1).path
shop = nba.read_shop(MY_SHOP)
config = nba.TrainConfig(seed=7, picks={"models": ("als",)})  # one learner: quicker than a trial
snapshot = nba.train(shop.history, shop.catalog, config)

# %% [markdown]
# A policy is a snapshot and a playbook: what was learned, and which messages there are. Facts are
# what is known of customers at an instant, one row each. Decide for the morning after the shop's
# last order; a live shop decides for now.

# %%
path = shipped("playbooks", "owox_2011")  # or the path of your own
policy = nba.Policy(snapshot, nba.Playbook.from_toml(path))
at = f"{shop.history.as_of.astype('datetime64[D]') + 1}T10:00Z"
facts = shop.facts(as_of=at)
decisions = policy.decide(list(facts.customer_ids), facts, at)
print(f"{len(decisions):,} customers at {at}")
found = Counter(one.stage for one in decisions)
print(table(["stage", "customers"], [[str(one), f"{found[one]:,}"] for one in Stage]))

# %% [markdown]
# ## One customer a stage
#
# Acquaintances know the shop, those who are choosing have a cart or a list open, the ordered wait
# for something, clients have it. `explain()` says where the customer is, what to send and why, what
# else stood to choose, and what waits. Look whether the reason is one that you would give.


# %%
def example(stage):
    """Give the decision of a stage that has most to tell."""
    those = [one for one in decisions if one.stage == stage]
    return max(those, key=lambda one: (one.message is not None, len(one.alternatives)))


for stage in Stage:
    if found[stage]:
        print(example(stage).explain(), end="\n\n")

# %% [markdown]
# ## Why this one
#
# The lowest tier of the playbook with a message that may be sent decides; within it, the greater
# expected value: the chance of a response times what it is worth, less what it costs, less the
# chance of an unsubscribe times what the customer may still bring. The alternatives stand in the
# same order. Take a client, who has most to choose from.

# %%
due = [one for one in decisions if one.message is not None]
assert due, "nobody is due a message: import consents.csv, or ask for another instant"
chosen = max(due, key=lambda one: (one.stage == Stage.CLIENT, len(one.alternatives)))
print(chosen.customer_id, "gets", chosen.message.id, "through", chosen.message.channel)
for name, value in chosen.message.score.to_dict().items():
    print(f"  {name:26}{value:>14,.4f}")
for name, value in chosen.alternatives:
    print(f"  instead: {name} ({value:,.4f})")

# %% [markdown]
# ## What waits, and until when
#
# Every other message of the playbook names the rule that holds it, and the instant from which on
# that rule alone no longer would. `None` means that time by itself changes nothing: the customer
# has to do something, or the shop has.

# %%
rows = [[held["id"], held["rule"], str(held["until"])] for held in chosen.to_dict()["suppressed"]]
print(table([f"{chosen.customer_id}: waits", "rule", "until"], rows))

# %% [markdown]
# Over all customers: which rules hold marketing back most often? `no_consent` is reach that the
# shop lacks, `cap_week` pressure, `no_products` a catalogue without an answer.

# %%
rules = Counter(str(held.rule) for one in decisions for held in one.suppressed)
print(table(["rule", "messages held"], [[rule, f"{n:,}"] for rule, n in rules.most_common()]))

# %% [markdown]
# And the schedule of that customer: one line for each instant at which something falls due. It
# takes nothing as sent or done, so what stays due is the choice again.

# %%
for one in policy.plan(chosen.customer_id, facts, at, horizon_days=21):
    print(iso(one.as_of), one.message.id if one.message else "nothing", "-", one.reason)

# %% [markdown]
# ## Change a value of the playbook
#
# A playbook is a text file: copy it, change it, ask again. What is impossible or contradicts itself
# is refused, with its line. Suppose that what the chosen message asks for is worth a tenth of what
# the file says (`value_share`).


# %%
def changed(message, key, value):
    """Copy the playbook, with one value of one message replaced."""
    head, *messages = path.read_text("utf-8").split("[[message]]")
    for place, text in enumerate(messages):
        if tomllib.loads(text.partition("\n")[2])["id"] == message:
            lines = [one for one in text.splitlines() if not one.startswith(f"{key} =")]
            messages[place] = "\n".join([lines[0], f"{key} = {value}", *lines[1:], "\n"])
    copy = Path(work.name) / "mine.toml"
    copy.write_text("[[message]]".join([head, *messages]), "utf-8")
    return nba.Playbook.from_toml(copy)


asked = next(one for one in policy.playbook.message if one.id == chosen.message.id)
mine = nba.Policy(snapshot, changed(asked.id, "value_share", asked.value_share / 10))
again = mine.decide(chosen.customer_id, facts, at)
print("before:", chosen.message.id, f"({chosen.message.score.expected:.2f})")
print("after: ", "nothing" if again.message is None else again.message.id, "-", again.reason)
worth = dict(again.alternatives)
if again.message is not None:
    worth[again.message.id] = again.message.score.expected
left = worth.get(asked.id)
print("left of it:", "nothing, it is not worth its cost" if left is None else f"{left:.2f}")

# %% [markdown]
# ## Everybody at once
#
# `choose` is the same choice as columns, without looking for what waits: a million customers take
# a few seconds. Compare the counts before and after a change, before you believe in it.


# %%
def counts(a_policy):
    """Count the messages that a policy would send."""
    return Counter(name for some in a_policy.columns(facts, at) for name in some["message"])


before, after = counts(policy), counts(mine)
rows = [
    [name, f"{before[name]:,}", f"{after[name]:,}", f"{after[name] - before[name]:+,}"]
    for name in sorted(before | after, key=lambda name: -before[name])
]
print(table(["message", "before", "after", "change"], rows))

# %% [markdown]
# For an e-mail tool: `nba decide shop --all --out messages.csv`. Of a store, `--claim` writes down
# what you send, so that nothing is sent twice.
#
# ## What would it be worth to leave a message out?
#
# Where chance had a part in a decision and its probability was logged, the log can tell what
# another policy would have earned: decisions that happen to be as it would have decided count as
# many times as they were unlikely (inverse propensity). In this log every message was left out now
# and then by chance alone. The reward is a useful action in the week after, whichever message
# came last.
#
# Look at the interval: if it holds 0, the log does not know yet; and of twenty rows one misses the
# truth by chance. A message whose absence changes little, and by which people unsubscribe, is one
# to drop.


# %%
def without(log, code):
    """Estimate what a log's policy would earn if it left one message out."""
    told = log.rows
    about = told.is_trial & (told.message == code)  # chance decided between it and nothing
    sent = about & (told.left_at == told.left_at)  # an instant that is none equals nothing
    probability = told.propensity.copy()
    probability[about] = 1.0
    probability[sent] = 0.0
    never = float((sent & (told.propensity == 1)).mean())
    return inverse_propensity(
        log.useful, probability, told.propensity, cluster=told.customer, unsupported=never
    )


since = first_chance(shop.history)
if since is None:
    print("chance had no part in any logged decision: give the playbook an [explore] section")
else:
    log = Logged.of(shop.history, since=since).judged()
    told = log.rows
    sure = told.propensity / told.propensity
    as_it_was = inverse_propensity(log.useful, sure, sure, cluster=told.customer)
    rows = []
    for code, name in enumerate(told.message_ids):
        found = without(log, code)
        more, error = (1000 * one for one in found.over(as_it_was))
        rows.append(
            [
                f"without {name}",
                f"{int((told.message == code).sum()):,}",
                f"{more:+.1f}",
                f"{more - 1.96 * error:+.1f} to {more + 1.96 * error:+.1f}",
                "; ".join(found.refusals) or "yes",
            ]
        )
    print(f"{len(log):,} decisions, of which {1000 * as_it_was.value:.0f} in 1,000 were useful")
    print(table(["", "decisions about it", "change in 1,000", "95 %", "can be told"], rows))

# %% [markdown]
# A whole new playbook against the log: `nba backtest shop --policy mine.toml`. To make a log of
# your own that can answer, give the live playbook an `[explore]` section with a `rate`; to measure
# what messages bring altogether, a `[holdout]` with a `share`.
