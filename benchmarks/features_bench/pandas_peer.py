"""pandas' tasks: the log in memory once, a group-by per window and cutoff."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.features_bench.definitions import CHANNELS, NAMES, WINDOWS
from benchmarks.features_bench.sql import SCANNED
from benchmarks.features_bench.workspace import Facts, Workspace

EPOCH = date(1970, 1, 1)


def per_cutoff(work: Workspace) -> Facts:
    """Every window of every cutoff by its own filter and group-by."""
    log = _read(work)
    rows = 0
    for cutoff in work.cutoffs:
        features = _features(log["orders"], log["visits"], (cutoff - EPOCH).days)
        # The codes of the customers' dictionary become their ids again.
        features.index = log["customers"].take(features.index)
        features.insert(0, "cutoff", cutoff)
        features.rename_axis("customer_id").reset_index().to_parquet(
            work.rows(cutoff), compression="zstd"
        )
        rows += len(features)
    return {"rows": rows}


def _read(work: Workspace) -> dict:
    """Both tables, strings as codes of one dictionary each, days as whole numbers."""
    tables = {}
    for name, columns in SCANNED.items():
        words = [one for one in columns if one not in {"day", "amount_minor"}]
        paths = sorted((work.log / name).glob("*.parquet"))
        parts = [
            pq.read_table(path, columns=list(columns), read_dictionary=words, use_threads=False)
            for path in paths
        ]
        tables[name] = pa.concat_tables(parts)
    ids = {name: table["customer_id"].unify_dictionaries() for name, table in tables.items()}
    both = pa.chunked_array([*ids["orders"].chunks, *ids["visits"].chunks]).unify_dictionaries()
    customers = pd.Index(both.chunk(0).dictionary.to_pandas())
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in both.chunks])
    n_orders = len(tables["orders"])
    orders = pd.DataFrame(
        {
            "customer": codes[:n_orders],
            "day": tables["orders"]["day"].cast(pa.int32()).to_numpy(),
            "amount": tables["orders"]["amount_minor"].to_numpy(),
            "category": tables["orders"]["category"].unify_dictionaries().to_pandas().cat.codes,
            "channel": tables["orders"]["channel"].unify_dictionaries().to_pandas(),
        }
    )
    visits = pd.DataFrame(
        {"customer": codes[n_orders:], "day": tables["visits"]["day"].cast(pa.int32()).to_numpy()}
    )
    return {"orders": orders, "visits": visits, "customers": customers}


def _features(orders: pd.DataFrame, visits: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    orders = orders[orders["day"] < cutoff]
    visits = visits[visits["day"] < cutoff]
    customers = pd.Index(np.union1d(orders["customer"].unique(), visits["customer"].unique()))
    parts = [*_windowed(orders, visits, cutoff), *_once(orders, visits, cutoff)]
    rows = pd.concat([part.reindex(customers) for part in parts], axis=1)
    counted = [name for name in NAMES if name.endswith("_count")]
    counted += [name for name in NAMES if name.startswith("ordered_")]
    rows[counted] = rows[counted].fillna(0).astype(np.int64)
    for name, column in (("visit_trend_ratio", "visits"), ("order_trend_ratio", "order_lines")):
        recent, base = rows[f"{column}_30d_count"], rows[f"{column}_90d_count"]
        rows[name] = 3 * recent / base.where(base > 0)
    return rows[list(NAMES)]


def _windowed(orders: pd.DataFrame, visits: pd.DataFrame, cutoff: int) -> list[pd.DataFrame]:
    parts = []
    for suffix, days in WINDOWS:
        start = 0 if days is None else cutoff - days
        ordered = orders[orders["day"] >= start].groupby("customer")
        visited = visits[visits["day"] >= start].groupby("customer")["day"]
        amounts = ordered["amount"].agg(["size", "sum", "max", "mean"])
        amounts.columns = [
            f"order_lines_{suffix}_count",
            f"ordered_{suffix}_minor",
            f"largest_line_{suffix}_minor",
            f"mean_line_{suffix}_minor",
        ]
        amounts[f"order_days_{suffix}_count"] = ordered["day"].nunique()
        amounts[f"categories_{suffix}_count"] = ordered["category"].nunique()
        visiting = visited.agg(["size", "nunique"])
        visiting.columns = [f"visits_{suffix}_count", f"visit_days_{suffix}_count"]
        parts += [amounts, visiting]
    return parts


def _once(orders: pd.DataFrame, visits: pd.DataFrame, cutoff: int) -> list[pd.DataFrame]:
    ordered = orders.groupby("customer")["day"].agg(["min", "max"])
    visited = visits.groupby("customer")["day"].agg(["min", "max"])
    first = pd.concat([ordered["min"], visited["min"]], axis=1).min(axis=1)
    days = orders[["customer", "day"]].drop_duplicates().sort_values(["customer", "day"])
    gaps = days.groupby("customer")["day"].diff().groupby(days["customer"])
    channels = pd.crosstab(orders["customer"], orders["channel"], normalize="index")
    return [
        (cutoff - ordered["max"]).to_frame("order_recency_days"),
        (cutoff - visited["max"]).to_frame("visit_recency_days"),
        (cutoff - first).to_frame("tenure_days"),
        gaps.mean().to_frame("order_gap_mean_days"),
        gaps.std().to_frame("order_gap_sd_days"),
        channels.reindex(columns=list(CHANNELS), fill_value=0).add_suffix("_share"),
    ]
