"""The SQL of the comparison: four ways to the same features, from the log and from day tiles.

Every query ends in the same part, `finished`, which turns the columns of a window (`v_7d`, `n_7d`,
…) into the sixty features. `{cutoff}` stands for the cutoff, a date or a column; the tables are
`orders`, `visits` and, made by `TILES`, `tiles`.
"""

from collections.abc import Callable

from benchmarks.features_bench.definitions import CATEGORIES, CHANNELS, WINDOWS

SCANNED = {
    "orders": ("customer_id", "day", "amount_minor", "category", "channel"),
    "visits": ("customer_id", "day"),
}
"""The columns that a feature reads."""

Windowed = Callable[[str, str], str]


def over_windows(one: Windowed) -> str:
    """The expression `one(suffix, filter)` for every window, joined by commas."""
    parts = []
    for suffix, days in WINDOWS:
        within = "" if days is None else f" FILTER (day >= {{cutoff}} - {days})"
        parts.append(one(suffix, within))
    return ",\n  ".join(parts)


def finished(merged: str) -> str:
    """The sixty features of the relation `merged`, whose counts may be empty."""
    columns = ["customer_id", "{cutoff} AS cutoff"]
    for template, expression in (
        ("visits_{}_count", "coalesce(v_{}, 0)"),
        ("visit_days_{}_count", "coalesce(vd_{}, 0)"),
        ("order_lines_{}_count", "coalesce(n_{}, 0)"),
        ("order_days_{}_count", "coalesce(d_{}, 0)"),
        ("ordered_{}_minor", "CAST(coalesce(s_{}, 0) AS BIGINT)"),
        ("largest_line_{}_minor", "m_{}"),
        ("mean_line_{}_minor", "CAST(s_{0} AS BIGINT) / nullif(n_{0}, 0)"),
        ("categories_{}_count", "coalesce(c_{}, 0)"),
    ):
        columns += [
            f"{expression.format(suffix)} AS {template.format(suffix)}" for suffix, _ in WINDOWS
        ]
    columns += [
        "{cutoff} - last_order AS order_recency_days",
        "{cutoff} - last_visit AS visit_recency_days",
        "{cutoff} - least(first_order, first_visit) AS tenure_days",
        "gap_mean AS order_gap_mean_days",
        "gap_sd AS order_gap_sd_days",
        "3 * coalesce(v_30d, 0) / nullif(v_90d, 0) AS visit_trend_ratio",
        "3 * coalesce(n_30d, 0) / nullif(n_90d, 0) AS order_trend_ratio",
        *(f"n_{one} / nullif(n_life, 0) AS {one}_share" for one in CHANNELS),
    ]
    return "SELECT " + ",\n  ".join(columns) + f"\nFROM {merged}"


def _joined(also: str) -> str:
    return f"by_orders JOIN {also} USING (customer_id) FULL JOIN by_visits USING (customer_id)"


_CHANNELS = ", ".join(f"count(*) FILTER (channel = '{one}') AS n_{one}" for one in CHANNELS)
_GAPS = "day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap"

FILTER = f"""
WITH o AS (SELECT * FROM orders WHERE day < {{cutoff}}),
by_orders AS (
  SELECT customer_id, min(day) AS first_order, max(day) AS last_order, {_CHANNELS},
  {over_windows(lambda w, f: f"count(*){f} AS n_{w}")},
  {over_windows(lambda w, f: f"count(DISTINCT day){f} AS d_{w}")},
  {over_windows(lambda w, f: f"sum(amount_minor){f} AS s_{w}")},
  {over_windows(lambda w, f: f"max(amount_minor){f} AS m_{w}")},
  {over_windows(lambda w, f: f"count(DISTINCT category){f} AS c_{w}")}
  FROM o GROUP BY customer_id
),
by_gaps AS (
  SELECT customer_id, avg(gap) AS gap_mean, stddev_samp(gap) AS gap_sd
  FROM (SELECT customer_id, {_GAPS} FROM (SELECT DISTINCT customer_id, day FROM o))
  GROUP BY customer_id
),
by_visits AS (
  SELECT customer_id, min(day) AS first_visit, max(day) AS last_visit,
  {over_windows(lambda w, f: f"count(*){f} AS v_{w}")},
  {over_windows(lambda w, f: f"count(DISTINCT day){f} AS vd_{w}")}
  FROM visits WHERE day < {{cutoff}} GROUP BY customer_id
)
{finished(_joined("by_gaps"))}
"""
"""One FILTER per window, as one writes it."""

TWO_LEVEL = f"""
WITH o AS (SELECT * FROM orders WHERE day < {{cutoff}}),
order_days AS (
  SELECT customer_id, day, count(*) AS n, sum(amount_minor) AS s, max(amount_minor) AS m,
  {_CHANNELS}
  FROM o GROUP BY customer_id, day
),
by_orders AS (
  SELECT customer_id, min(day) AS first_order, max(day) AS last_order,
  avg(gap) AS gap_mean, stddev_samp(gap) AS gap_sd,
  {", ".join(f"sum(n_{one}) AS n_{one}" for one in CHANNELS)},
  {over_windows(lambda w, f: f"CAST(sum(n){f} AS BIGINT) AS n_{w}")},
  {over_windows(lambda w, f: f"count(*){f} AS d_{w}")},
  {over_windows(lambda w, f: f"sum(s){f} AS s_{w}")},
  {over_windows(lambda w, f: f"max(m){f} AS m_{w}")}
  FROM (SELECT *, {_GAPS} FROM order_days) GROUP BY customer_id
),
by_categories AS (
  SELECT customer_id, {over_windows(lambda w, f: f"count(*){f} AS c_{w}")}
  FROM (SELECT customer_id, max(day) AS day FROM o GROUP BY customer_id, category)
  GROUP BY customer_id
),
by_visits AS (
  SELECT customer_id, min(day) AS first_visit, max(day) AS last_visit,
  {over_windows(lambda w, f: f"CAST(sum(n){f} AS BIGINT) AS v_{w}")},
  {over_windows(lambda w, f: f"count(*){f} AS vd_{w}")}
  FROM (
    SELECT customer_id, day, count(*) AS n FROM visits WHERE day < {{cutoff}}
    GROUP BY customer_id, day
  ) GROUP BY customer_id
)
{finished(_joined("by_categories"))}
"""
"""Days first, then windows over days; a category counts while its last day is in the window."""

_NUMBERED = ", ".join(f"('{name}', {1 << number})" for number, name in enumerate(CATEGORIES))

TILES = f"""
SELECT customer_id, day, n AS lines, s, m, bits, {", ".join(f"n_{one}" for one in CHANNELS)},
  gap, CAST(NULL AS BIGINT) AS visits
FROM (
  SELECT *, {_GAPS} FROM (
    SELECT customer_id, day, count(*) AS n, CAST(sum(amount_minor) AS BIGINT) AS s,
    max(amount_minor) AS m, bit_or(bit) AS bits, {_CHANNELS}
    FROM orders JOIN (VALUES {_NUMBERED}) AS categories(category, bit) USING (category)
    GROUP BY customer_id, day
  )
)
UNION ALL BY NAME
SELECT customer_id, day, count(*) AS visits FROM visits GROUP BY customer_id, day
"""
"""Day tiles of both tables, one below the other; a tile knows the gap before it."""

_GAP_MEAN = "gap_days / nullif(gaps, 0) AS gap_mean"
_GAP_SD = """CASE WHEN gaps > 1 THEN
    sqrt((gaps * gap_squares - gap_days * gap_days) / (gaps * (gaps - 1)))
  END AS gap_sd"""


def _tiles_by_bin(ages: str) -> str:
    return f"""
  SELECT customer_id, {ages}
  min(day) FILTER (lines > 0) AS first_order, max(day) FILTER (lines > 0) AS last_order,
  min(day) FILTER (visits > 0) AS first_visit, max(day) FILTER (visits > 0) AS last_visit,
  count(gap) AS gaps, sum(gap) AS gap_days, sum(gap * gap) AS gap_squares,
  {", ".join(f"sum(n_{one}) AS n_{one}" for one in CHANNELS)},"""


_BINS = "CASE " + " ".join(
    f"WHEN day >= {{cutoff}} - {days} THEN {number}"
    for number, (_, days) in enumerate(WINDOWS)
    if days is not None
)


def _over_bins(one: Windowed) -> str:
    last = len(WINDOWS) - 1
    return ",\n  ".join(
        one(suffix, "" if number == last else f" FILTER (bin <= {number})")
        for number, (suffix, _) in enumerate(WINDOWS)
    )


AGE_BINS = f"""
WITH bins AS ({_tiles_by_bin(f"{_BINS} ELSE {len(WINDOWS) - 1} END AS bin,")}
  sum(visits) AS v, count(visits) AS vd, sum(lines) AS n, count(lines) AS d,
  sum(s) AS s, max(m) AS m, bit_or(bits) AS bits
  FROM tiles WHERE day < {{cutoff}} GROUP BY customer_id, bin
),
by_bins AS (
  SELECT customer_id,
  min(first_order) AS first_order, max(last_order) AS last_order,
  min(first_visit) AS first_visit, max(last_visit) AS last_visit,
  sum(gaps) AS gaps, sum(gap_days) AS gap_days, sum(gap_squares) AS gap_squares,
  {", ".join(f"sum(n_{one}) AS n_{one}" for one in CHANNELS)},
  {_over_bins(lambda w, f: f"CAST(sum(v){f} AS BIGINT) AS v_{w}")},
  {_over_bins(lambda w, f: f"CAST(sum(vd){f} AS BIGINT) AS vd_{w}")},
  {_over_bins(lambda w, f: f"CAST(sum(n){f} AS BIGINT) AS n_{w}")},
  {_over_bins(lambda w, f: f"CAST(sum(d){f} AS BIGINT) AS d_{w}")},
  {_over_bins(lambda w, f: f"sum(s){f} AS s_{w}")},
  {_over_bins(lambda w, f: f"max(m){f} AS m_{w}")},
  {_over_bins(lambda w, f: f"bit_count(bit_or(bits){f}) AS c_{w}")}
  FROM bins GROUP BY customer_id
),
merged AS (SELECT * EXCLUDE (gaps, gap_days, gap_squares), {_GAP_MEAN}, {_GAP_SD} FROM by_bins)
{finished("merged")}
"""
"""From tiles: each falls in one of six bins of age, windows are sums of bins."""


def filter_tiles(*, own_cutoffs: bool = False) -> str:
    """From tiles: one FILTER per window; every customer may have a cutoff of her own in `spine`."""
    source = "tiles JOIN spine USING (customer_id)" if own_cutoffs else "tiles"
    return f"""
WITH by_tiles AS ({_tiles_by_bin("cutoff," if own_cutoffs else "")}
  {over_windows(lambda w, f: f"CAST(sum(visits){f} AS BIGINT) AS v_{w}")},
  {over_windows(lambda w, f: f"count(visits){f} AS vd_{w}")},
  {over_windows(lambda w, f: f"CAST(sum(lines){f} AS BIGINT) AS n_{w}")},
  {over_windows(lambda w, f: f"count(lines){f} AS d_{w}")},
  {over_windows(lambda w, f: f"sum(s){f} AS s_{w}")},
  {over_windows(lambda w, f: f"max(m){f} AS m_{w}")},
  {over_windows(lambda w, f: f"bit_count(bit_or(bits){f}) AS c_{w}")}
  FROM {source} WHERE day < {{cutoff}} GROUP BY ALL
),
merged AS (SELECT * EXCLUDE (gaps, gap_days, gap_squares), {_GAP_MEAN}, {_GAP_SD} FROM by_tiles)
{finished("merged")}
"""
