"""Our own tasks. Each leaves its result in `work.output`; `tasks.PRODUCT` says what it may use.

What to write: `rows` a Parquet file per cutoff at `work.rows(cutoff)`, `own_cutoffs` one file
`own.parquet`; columns `customer_id`, `cutoff` and features named as in `definitions.NAMES`, whole
numbers where the definition is `whole`. Preparation that is not to be counted ends with
`work.watch.restart()`.
"""

from benchmarks.features_bench.workspace import Facts, NotBuilt, Workspace

STORE = "regulars-tiles"
"""The task whose folder holds the tiles."""


def tiles(work: Workspace) -> Facts:
    """Tiles of the log (`work.files`) into `work.output`."""
    return _missing(work)


def rows(work: Workspace) -> Facts:
    """Features of every customer at `work.cutoffs` from `work.of(STORE)`."""
    return _missing(work)


def own_cutoffs(work: Workspace) -> Facts:
    """Features of every customer at the cutoff that `spine.parquet` gives her."""
    return _missing(work)


def append_day(work: Workspace) -> Facts:
    """A copy of the store (not counted), then the files of `work.log / "next_day"` added to it."""
    return _missing(work)


def refresh(work: Workspace) -> Facts:
    """Features of all customers the day after, from the store of `regulars-day`."""
    return _missing(work)


def one_customer(work: Workspace) -> Facts:
    """Features of one customer from her tiles, many times: `ms_median` and `ms_p99`."""
    return _missing(work)


def erase(work: Workspace) -> Facts:
    """A copy of the store of `regulars-day` (not counted), then one customer erased from it."""
    return _missing(work)


def everything(work: Workspace) -> Facts:
    """Tiles and features of a log of 100 million events; the peak of memory is what counts."""
    return _missing(work)


def _missing(work: Workspace) -> Facts:
    raise NotBuilt(f"{work.task} is not written yet")
