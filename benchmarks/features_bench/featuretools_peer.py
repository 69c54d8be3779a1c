"""Featuretools' tasks, on a smaller log: the windowed features, one `training_window` at a time."""

import warnings
from pathlib import Path

import featuretools as ft
import pandas as pd
from featuretools.primitives import Count, Max, Mean, NumUnique, Sum

from benchmarks.features_bench.definitions import WINDOWS
from benchmarks.features_bench.workspace import Facts, Workspace

OWN_CUTOFFS = 200
"""Customers with a cutoff of their own: each is a pass over the log."""

PRIMITIVES = (
    ("visits", "visit_id", Count, "visits_{}_count"),
    ("visits", "day", NumUnique, "visit_days_{}_count"),
    ("orders", "line_id", Count, "order_lines_{}_count"),
    ("orders", "day", NumUnique, "order_days_{}_count"),
    ("orders", "amount_minor", Sum, "ordered_{}_minor"),
    ("orders", "amount_minor", Max, "largest_line_{}_minor"),
    ("orders", "amount_minor", Mean, "mean_line_{}_minor"),
    ("orders", "category", NumUnique, "categories_{}_count"),
)


def one_cutoff(work: Workspace) -> Facts:
    """Every customer at the last cutoff."""
    entities = _entities(work.log)
    work.watch.restart()
    cutoff = work.cutoffs[-1]
    customers = entities["customers"]["customer_id"]
    spine = pd.DataFrame({"customer_id": customers, "time": pd.Timestamp(cutoff)})
    rows = _features(entities, spine)
    rows.insert(0, "cutoff", cutoff)
    rows.reset_index().to_parquet(work.rows(cutoff))
    return {"rows": len(rows), "features": rows.shape[1] - 1}


def own_cutoffs(work: Workspace) -> Facts:
    """A sample of customers, each at her own cutoff."""
    entities = _entities(work.log)
    spine = pd.read_parquet(work.log / "spine.parquet")
    known = spine[spine["customer_id"].isin(entities["customers"]["customer_id"])]
    sample = known.sample(min(OWN_CUTOFFS, len(known)), random_state=0)
    sample = sample.rename(columns={"cutoff": "time"}).astype({"time": "datetime64[ns]"})
    work.watch.restart()
    rows = _features(entities, sample)
    cpu, _ = work.watch.read()
    return {
        "rows": len(sample),
        "cpu_ms_per_row": 1000 * cpu / len(sample),
        "known_rows": len(rows),
    }


def _features(entities: ft.EntitySet, spine: pd.DataFrame) -> pd.DataFrame:
    """The windowed features of the spine's customers; rows without an event are left out."""
    parts = []
    for suffix, days in WINDOWS:
        wanted = [
            ft.Feature(entities[table].ww[column], parent_dataframe_name="customers", primitive=one)
            for table, column, one, _ in PRIMITIVES
        ]
        part = ft.calculate_feature_matrix(
            wanted,
            entities,
            cutoff_time=spine,
            training_window=None if days is None else f"{days} days",
            include_cutoff_time=False,
            n_jobs=1,
        )
        part.columns = [name.format(suffix) for *_, name in PRIMITIVES]
        parts.append(part)
    rows = pd.concat(parts, axis=1)
    whole = [name for name in rows if name.endswith("_count") or name.startswith("ordered_")]
    # Unlike a count, a sum or a number of different values over nothing is empty to Featuretools.
    rows[whole] = rows[whole].astype("float64").fillna(0).astype("int64")
    return rows[rows["visits_life_count"] + rows["order_lines_life_count"] > 0]


def _entities(log: Path) -> ft.EntitySet:
    warnings.filterwarnings("ignore")
    entities = ft.EntitySet("log")
    tables = {name: _read(log / name) for name in ("orders", "visits")}
    ids = pd.concat([table["customer_id"] for table in tables.values()]).unique()
    entities.add_dataframe(pd.DataFrame({"customer_id": ids}), "customers", index="customer_id")
    for name, index in (("orders", "line_id"), ("visits", "visit_id")):
        entities.add_dataframe(
            tables[name],
            name,
            index=index,
            make_index=True,
            time_index="occurred_at",
            logical_types={"day": "Categorical"},
        )
        entities.add_relationship("customers", "customer_id", name, "customer_id")
    return entities


def _read(folder: Path) -> pd.DataFrame:
    wanted = ["customer_id", "occurred_at", "day"]
    if folder.name == "orders":
        wanted += ["amount_minor", "category"]
    table = pd.read_parquet(folder, columns=wanted)
    table["occurred_at"] = table["occurred_at"].dt.tz_localize(None)
    table["day"] = table["day"].astype(str)
    return table
