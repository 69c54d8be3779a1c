# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First scores
#
# From a file of orders to a score, a reason and a sum of money for every customer, step by step,
# with the numbers that tell whether to believe it.
#
# **Data**: CDNOW, the orders of an online CD shop from January 1997 to June 1998: 69,659 orders of
# 23,570 customers who all first bought in the first quarter of 1997. Real customers, US dollars.
# The set comes with Regulars, so nothing is downloaded.
#
# **Run time**: about half a minute on two cores.

# %%
# %matplotlib inline
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

from features.ingestion import histories_of
from features.matrix import feature_columns, matrix
from features.schema import ORDERS
from features.sources import cdnow
from features.sources.reading import read_table
from serving.reasons import reason_text
from serving.scoring import Scorer, new_generation
from training.evaluation import evaluate
from training.models.customer_model import Horizons, Version, fit_customer_model
from training.panel import build_panel, plan_panel
from training.pictures import calibration_figure, gain_figure

pd.set_option("display.width", 120, "display.max_columns", 20, "display.precision", 3)

# %% [markdown]
# ## The orders
#
# Reading is strict: every row is accepted, set aside as a duplicate, or refused with a reason, and
# the account always adds up.

# %%
settings = cdnow.settings(Path(mkdtemp()))
reading = read_table(ORDERS, settings.sources.orders, settings, today=date(1998, 7, 1))
print(reading.account.summary())
reading.rows.select(["customer_id", "day", "amount_minor", "quantity"]).to_pandas().head()

# %% [markdown]
# Amounts are whole cents, because sums of floats depend on their order. Most customers order once
# and never again; a few carry the shop.

# %%
orders_count = Counter(reading.rows["customer_id"].to_pylist())
per_customer = pd.Series(orders_count, name="orders per customer")
per_customer.describe(percentiles=[0.25, 0.5, 0.75, 0.9, 0.99]).to_frame().T

# %% [markdown]
# ## Histories and features, as of a day
#
# Orders become one small row per customer and day, the history. A **cutoff** splits the world: what
# came before it is known, what comes at or after it is the future. Features are asked for *as of* a
# cutoff, through one door for training, for the nightly scores and for a single live customer.

# %%
histories = histories_of(reading, settings)
cutoff = date(1998, 1, 2)  # 180 days before the orders end
rows = matrix(histories.before(cutoff), [cutoff])
print(f"{len(rows):,} customers, {len(feature_columns(rows))} features as of {cutoff}")
rows[["customer_id", "recency_days", "tenure_days", "order_days_count", "spend_value"]].head()

# %% [markdown]
# Each feature has a name that ends in its unit, and a sentence that says what it means.

# %%
meanings = {one.name: one.meaning for one in histories.catalogue.features}
pd.Series(meanings, name="meaning").to_frame().style.set_properties(**{"text-align": "left"})

# %% [markdown]
# ## The panel and its labels
#
# One row per customer and cutoff: features from before the cutoff, labels from after it. A label is
# only used once it is *mature*, that is, once its whole window has passed. Several cutoffs show the
# models the same customer fresh, cooling and gone.

# %%
horizons = Horizons(churn_days=180, value_days=180, interval=0.8)
plan = plan_panel(histories.first_day, cutoff, horizons.churn_days)
panel = build_panel(histories, plan, as_of=cutoff)
print(f"{len(panel.features):,} rows; labels look {plan.label_days} days ahead of each cutoff")
panel.labels.groupby(panel.features["cutoff"].rename("cutoff")).agg(
    customers=("churned", "size"),
    churned_share=("churned", "mean"),
    mean_value=("realised_value", "mean"),
)

# %% [markdown]
# Here nobody joins after March 1997, so churn rises from cutoff to cutoff as the cohort thins out.
# A shop that goes on winning customers does not look like that.
#
# ## Fitting, and the holdout
#
# `evaluate` learns everything strictly before the cutoff and then looks at what really happened in
# the 180 days after it. Five baselines get the same rows: two probability models of the literature
# (BG/NBD and Pareto/NBD, each with Gamma-Gamma for money), two rules that a CRM could write down
# (RFM cells, days since the last order), and the same number for everybody. `lightgbm` is what one
# would write first; `champion` is what Regulars ships.

# %%
holdout = evaluate(histories, cutoff, horizons, seed=1)
report = holdout.report()
print(
    f"{report['customers_count']:,} customers had ordered in the {horizons.churn_days} days before "
    f"{cutoff}; {report['churn_rate']:.1%} of them then placed no order for as long."
)
pd.DataFrame(
    {
        name: {
            "AUC": parts["churn"]["auc"],
            "log loss": parts["churn"]["log_loss"],
            "calibration error": parts["churn"]["ece"],
            "top decile lift": parts["churn"]["top_decile_lift"],
            "value: nGini": parts["value"].get("ngini"),
            "value: said / spent": parts["value"]["bias"],
            "value: RMSE": parts["value"]["rmse"],
        }
        for name, parts in report["systems"].items()
    }
).T

# %% [markdown]
# How to read it: **AUC** and **lift** ask whether the order is right (who is riskier than whom),
# **log loss** and **calibration error** whether the level is right (of a hundred people at 70 %,
# do seventy leave). **nGini** asks the first question of money, **said / spent** the second.
# Differences in the third decimal are noise here; a model must beat the baseline by more.
#
# The level: on the dotted line, what was said is what was seen.

# %%
calibration_figure(holdout)

# %% [markdown]
# The order: contacting the riskiest tenth first, what share of all churners is reached?

# %%
gain_figure(holdout)

# %% [markdown]
# ## Scores, with reasons
#
# For use, the same recipe learns from everything known on the day of prediction. Who has been
# silent for longer than the horizon has churned already by definition and gets no probability.

# %%
today = date(1998, 7, 1)
model = fit_customer_model(histories, today, horizons, seed=1)
version = Version(name="regulars", number="0", run_id="notebook", digest="")
generation = new_generation(
    settings,
    version,
    as_of=today,
    published_at=datetime(1998, 7, 1, tzinfo=UTC),
    histories="notebook",
    quality={},
)
scores, _ = Scorer(settings, model, generation).score(histories, today)
active = [one for one in scores if one.unavailable_reason is None]
print(f"{len(active):,} of {len(scores):,} customers still come and have a score")

at_stake = sorted(active, key=lambda one: -one.value_at_stake)
pd.DataFrame(
    [
        {
            "customer": one.customer_id,
            "orders": one.order_days_count,
            "last order": one.last_order_on,
            "churn": one.churn_probability,
            "band": one.band,
            "margin expected": one.cltv,
            "margin at stake": one.value_at_stake,
        }
        for one in at_stake[:8]
    ]
)

# %% [markdown]
# Why the model says so, in words: the contributions of all features that tell of one thing are
# added up, and the strongest become reasons.

# %%
for one in at_stake[:5]:
    print(f"{one.customer_id}: {one.churn_probability:.0%} to leave")
    for reason in one.reasons:
        print(f"    {reason.direction:7} {reason_text(reason, currency='USD', language='en')}")

# %% [markdown]
# ## What it is worth
#
# The value of a customer is the margin of her orders in the next 180 days, discounted. **At stake**
# is the part of it that leaves with her: the chance of leaving times what she would bring if she
# stayed. It is not what a campaign earns: that needs a group left alone to compare with.

# %%
money = pd.DataFrame(
    {
        "band": [one.band for one in active],
        "customers": 1,
        "margin_expected": [one.cltv for one in active],
        "margin_at_stake": [one.value_at_stake for one in active],
    }
)
money.groupby("band").sum().reindex(["high", "medium", "low"]).round(0)

# %% [markdown]
# ## On your own data
#
# Any CSV or Parquet file with a customer, a day and an amount will do, from about 500 customers on
# and with three times as many days of history as you want to look ahead.
#
# ```bash
# regulars predict orders orders.csv --cutoff 2026-01-01 --horizon-days 90 --out scores.parquet
# ```
#
# learns from the rows before the cutoff and writes one row per customer. If the columns are not
# guessed: `--columns customer_id=Kunde,timestamp=Datum,amount=Summe`. For scores every night, with
# a page and an API beside them:
#
# ```bash
# regulars init orders.csv
# regulars train
# regulars score
# regulars serve
# ```
#
# ## Limits
#
# * One cohort of one shop in 1997: the figures above say nothing about yours. `regulars backtest`
#   gives yours, at several past days.
# * A score says who is likely to leave, not whom a message would keep, and not why in the sense of
#   a cause. Reasons tell what the model looked at.
# * Nothing is known of prices, stock or campaigns; a sale in the horizon is a surprise to it.
# * A customer with one order is mostly like all other customers with one order.
