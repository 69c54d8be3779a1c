"""Polars' tasks: lazy scans of the log per cutoff, collected by the streaming engine."""

from datetime import date, timedelta

import polars as pl

from benchmarks.features_bench.definitions import CHANNELS, NAMES, WINDOWS
from benchmarks.features_bench.workspace import Facts, Workspace

DAY = pl.col("day")


def per_cutoff(work: Workspace) -> Facts:
    """Every window by a filter inside one group-by."""
    return _per_cutoff(work, two_level=False)


def two_level(work: Workspace) -> Facts:
    """Days first, then windows over days."""
    return _per_cutoff(work, two_level=True)


def _per_cutoff(work: Workspace, *, two_level: bool) -> Facts:
    rows = 0
    for cutoff in work.cutoffs:
        orders = pl.scan_parquet(work.files("orders")).filter(cutoff > DAY)
        visits = pl.scan_parquet(work.files("visits")).filter(cutoff > DAY)
        if two_level:
            by_orders, by_visits = _orders_by_day(orders, cutoff), _visits_by_day(visits, cutoff)
        else:
            by_orders, by_visits = _orders(orders, cutoff), _visits(visits, cutoff)
        joined = by_orders.join(_gaps(orders), on="customer_id", how="left").join(
            by_visits, on="customer_id", how="full", coalesce=True
        )
        features = _finished(joined, cutoff).collect(engine="streaming")
        features.write_parquet(work.rows(cutoff), compression="zstd")
        rows += features.height
    return {"rows": rows}


def _within(cutoff: date, days: int | None) -> pl.Expr:
    return pl.lit(value=True) if days is None else cutoff - timedelta(days=days) <= DAY


def _orders(orders: pl.LazyFrame, cutoff: date) -> pl.LazyFrame:
    amount, columns = pl.col("amount_minor"), []
    for suffix, days in WINDOWS:
        within = _within(cutoff, days)
        columns += [
            within.sum().alias(f"order_lines_{suffix}_count")
            if days
            else pl.len().alias(f"order_lines_{suffix}_count"),
            DAY.filter(within).n_unique().alias(f"order_days_{suffix}_count"),
            amount.filter(within).sum().alias(f"ordered_{suffix}_minor"),
            amount.filter(within).max().alias(f"largest_line_{suffix}_minor"),
            pl.col("category").filter(within).n_unique().alias(f"categories_{suffix}_count"),
        ]
    return orders.group_by("customer_id").agg(*columns, *_life("order"), *_channels())


def _visits(visits: pl.LazyFrame, cutoff: date) -> pl.LazyFrame:
    columns = []
    for suffix, days in WINDOWS:
        within = _within(cutoff, days)
        columns += [
            DAY.filter(within).len().alias(f"visits_{suffix}_count"),
            DAY.filter(within).n_unique().alias(f"visit_days_{suffix}_count"),
        ]
    return visits.group_by("customer_id").agg(*columns, *_life("visit"))


def _orders_by_day(orders: pl.LazyFrame, cutoff: date) -> pl.LazyFrame:
    amount = pl.col("amount_minor")
    by_day = orders.group_by("customer_id", "day").agg(
        pl.len().alias("n"), amount.sum().alias("s"), amount.max().alias("m"), *_channels()
    )
    by_category = orders.group_by("customer_id", "category").agg(DAY.max())
    columns, categories = [], []
    for suffix, days in WINDOWS:
        within = _within(cutoff, days)
        columns += [
            pl.col("n").filter(within).sum().alias(f"order_lines_{suffix}_count"),
            DAY.filter(within).len().alias(f"order_days_{suffix}_count"),
            pl.col("s").filter(within).sum().alias(f"ordered_{suffix}_minor"),
            pl.col("m").filter(within).max().alias(f"largest_line_{suffix}_minor"),
        ]
        categories.append(DAY.filter(within).len().alias(f"categories_{suffix}_count"))
    summed = [pl.col(channel).sum() for channel in CHANNELS]
    grouped = by_day.group_by("customer_id").agg(*columns, *_life("order"), *summed)
    return grouped.join(by_category.group_by("customer_id").agg(*categories), on="customer_id")


def _visits_by_day(visits: pl.LazyFrame, cutoff: date) -> pl.LazyFrame:
    columns = []
    for suffix, days in WINDOWS:
        within = _within(cutoff, days)
        columns += [
            pl.col("n").filter(within).sum().alias(f"visits_{suffix}_count"),
            DAY.filter(within).len().alias(f"visit_days_{suffix}_count"),
        ]
    by_day = visits.group_by("customer_id", "day").agg(pl.len().alias("n"))
    return by_day.group_by("customer_id").agg(*columns, *_life("visit"))


def _life(what: str) -> list[pl.Expr]:
    return [DAY.min().alias(f"first_{what}"), DAY.max().alias(f"last_{what}")]


def _channels() -> list[pl.Expr]:
    return [(pl.col("channel") == channel).sum().alias(channel) for channel in CHANNELS]


def _gaps(orders: pl.LazyFrame) -> pl.LazyFrame:
    gap = DAY.unique().sort().diff().dt.total_days()
    return orders.group_by("customer_id").agg(
        gap.mean().alias("order_gap_mean_days"), gap.std().alias("order_gap_sd_days")
    )


def _finished(joined: pl.LazyFrame, cutoff: date) -> pl.LazyFrame:
    col = pl.col
    counted = col([name for name in NAMES if name.endswith("_count")]).fill_null(0).cast(pl.Int64)
    joined = joined.with_columns(counted, col("^ordered_.*$").fill_null(0))
    lines = col("order_lines_life_count")
    first = pl.min_horizontal("first_order", "first_visit")
    means = [
        _divided(col(f"ordered_{suffix}_minor"), col(f"order_lines_{suffix}_count")).alias(
            f"mean_line_{suffix}_minor"
        )
        for suffix, _ in WINDOWS
    ]
    trends = [
        _divided(3 * col(f"{what}s_30d_count"), col(f"{what}s_90d_count")).alias(
            f"{name}_trend_ratio"
        )
        for name, what in (("visit", "visit"), ("order", "order_line"))
    ]
    return joined.with_columns(
        *means,
        *trends,
        *(_divided(col(channel), lines).alias(f"{channel}_share") for channel in CHANNELS),
        (cutoff - col("last_order")).dt.total_days().alias("order_recency_days"),
        (cutoff - col("last_visit")).dt.total_days().alias("visit_recency_days"),
        (cutoff - first).dt.total_days().alias("tenure_days"),
        pl.lit(cutoff).alias("cutoff"),
    ).select("customer_id", "cutoff", *NAMES)


def _divided(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    return pl.when(denominator > 0).then(numerator / denominator)
