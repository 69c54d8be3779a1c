"""The words of the backtest's page: numbers as they are read, the outcome, how it was judged."""

from dataclasses import dataclass

from training.judging import Sheet

NAMES = {
    "champion": "Regulars",
    "lightgbm": "LightGBM alone",
    "bg-nbd": "BG/NBD",
    "pareto-nbd": "Pareto/NBD",
    "rfm-cells": "RFM cells",
    "recency-rule": "Recency rule",
    "zero": "Zero predictor",
}
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A number as it is read, its interval below it, and better or worse for a difference."""

    number: str
    interval: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The champion beside the strongest baseline of one figure."""

    label: str
    ours: Cell
    opponent: str
    theirs: Cell
    difference: Cell
    words: str


def number_text(kind: str, value: float | None, *, signed: bool = False) -> str:
    """A number as it is read: shares in percent, money with as many digits as it needs.

    >>> number_text("share", 0.1234), number_text("money", 12345.6), number_text("money", 2.5)
    ('12.3%', '12,346', '2.50')
    """
    if value is None:
        return NOTHING
    size = abs(value)
    if kind in {"share", "percent"}:
        text = f"{100 * size:.1f}" + ("%" if kind == "share" else "")
    elif kind == "money":
        digits = 3 if signed and size < 1 else 2 if size < 100 else 1 if size < 1000 else 0
        text = f"{size:,.{digits}f}"
    else:
        text = f"{size:.{2 if kind == 'ratio' and not signed else 3}f}"
    is_zero = not any(digit in text for digit in "123456789")
    if value < 0 and not is_zero:
        return MINUS + text
    return ("+" if signed and not is_zero else "") + text


def cell(kind: str, found: Sheet, *, signed: bool = False) -> Cell:
    """A figure with its interval; a difference also with its verdict."""
    value, low, high = (
        number_text(kind, found[name], signed=signed) for name in ("value", "low", "high")
    )
    bounds = f"{low} … {high}" if found["low"] is not None else ""
    return Cell(value, bounds, found.get("verdict", "").partition(" ")[0])


def name_of(system: str) -> str:
    """A system's name for people."""
    return NAMES.get(system, system)


def label_of(report: Sheet, figure: str) -> str:
    """A figure's name with its unit."""
    words = report["figures"][figure]
    return words["label"] + (f", {report['currency']}" if words["kind"] == "money" else "")


def facts(report: Sheet) -> list[tuple[str, str]]:
    """What was judged: names and values."""
    definition, data = report["definition"], report["data"]
    days = f"{data['order_days_count']:,} order days, {data['first_day']} to {data['last_day']}"
    return [
        ("Churn", f"{definition['churn']}, {definition['churn_horizon_days']} days ahead"),
        ("Value", f"{definition['value_horizon_days']} days ahead, in {report['currency']}"),
        ("Orders", days),
        ("Customers", f"{data['customers_count']:,}; markets: {', '.join(data['markets'])}"),
        ("Days judged", ", ".join(one["cutoff"] for one in report["embargo"])),
        ("Features", f"{data['features_count']}, catalogue {data['catalogue'][:16]}"),
        ("Data", f"fingerprint {data['fingerprint'][:16]}"),
        ("Version", f"{report['product']}, report {report['schema']}"),
    ]


def summary(report: Sheet) -> str:
    """The outcome in words."""
    mean, days = report["slices"][0]["mean"], len(report["embargo"])
    start = (
        f"{mean['predictions_count']:,} predictions for {mean['customers_count']:,} active "
        f"customers at {days} past day{'s' if days > 1 else ''}"
    )
    if not mean["judged"]:
        return f"{start}: too few to judge."
    found = [one["verdict"] for one in mean["differences"].values()]
    return (
        f"{start}, {mean['churn_rate']:.1%} of which ended in churn. Against the strongest "
        f"baseline of each figure, Regulars was better on {found.count('better')} of "
        f"{len(found)} figures, worse on {found.count('worse')}, and on "
        f"{found.count('no difference shown')} no difference was shown."
    )


def verdicts(report: Sheet) -> list[Verdict]:
    """The champion beside the strongest baseline of each figure, on average over the days.

    Nothing where there were too few customers to judge.
    """
    mean = report["slices"][0]["mean"]
    told = []
    for figure, found in mean.get("differences", {}).items():
        kind, by_system = report["figures"][figure]["kind"], mean["figures"][figure]
        told.append(
            Verdict(
                label=label_of(report, figure),
                ours=cell(kind, by_system[report["champion"]]),
                opponent=name_of(found["opponent"]),
                theirs=cell(kind, by_system[found["opponent"]]),
                difference=cell(kind, found, signed=True),
                words=found["verdict"],
            )
        )
    return told


def counts_sentence(mean: Sheet, *, days: int) -> str:
    """How many customers a slice has, and whether they are enough."""
    customers = (
        f"{mean['customers_count']:,} customers, {mean['predictions_count']:,} predictions, "
        f"{mean['churned_count']:,} of them ended in churn"
    )
    if not mean["judged"]:
        return f"Too few to judge at any day: {customers}."
    if mean["judged_cutoffs_count"] < days:
        return f"{customers}; {mean['judged_cutoffs_count']} of {days} days had enough to judge."
    return f"{customers}."


def definitions(report: Sheet) -> list[tuple[str, str]]:
    """Every figure with its meaning and the direction that is better."""
    directions = {"higher": " Higher is better.", "lower": " Lower is better.", "neither": ""}
    return [
        (label_of(report, name), one["meaning"] + directions[one["better"]])
        for name, one in report["figures"].items()
    ]


def method(report: Sheet) -> list[tuple[str, str]]:
    """How it was judged: names and sentences."""
    intervals, few = report["intervals"], report["too_few"]
    waits = "; ".join(
        f"for {one['cutoff']} up to {one['learned_until']}, {one['embargo_days']} days before"
        for one in report["embargo"]
    )
    return [
        (
            "Embargo",
            "For every day all models are fitted anew, from what was known before it. No row "
            "younger than one label is learned from (of churn or of value, each by its own), and "
            f"every label learned ends before the day. Churn was learned {waits}.",
        ),
        (
            "Who is judged",
            "Customers who were active at the day: those whom the product scores. What followed "
            "is known in full for all of them.",
        ),
        ("Mean", "Each day counts the same; a day with too few customers is left out."),
        (
            "Interval",
            f"{intervals['level']:.0%}, from {intervals['resamples_count']:,} resamples of "
            f"customers (seed {intervals['seed']}); a customer is drawn with all her days, for "
            "all systems alike. Percentiles are moved so that their median is the figure.",
        ),
        (
            "Difference",
            "Regulars less the strongest baseline of the figure, within each resample. Better or "
            "worse is said only if the interval leaves out zero; of 20 figures without any "
            "difference one would still say so by chance.",
        ),
        (
            "Too few",
            f"Below {few['customers_below']} customers, or {few['churned_or_stayed_below']} who "
            "churned or who stayed, nothing is told but their number.",
        ),
        *_offers(report),
    ]


def _offers(report: Sheet) -> list[tuple[str, str]]:
    classic, own = report["offers"]["classic"], report["offers"]["own"]
    definition = report["definition"]
    mean, offer, contact = (
        number_text("money", own[name]) for name in ("mean_value", "offer_cost", "contact_cost")
    )
    return [
        (
            "Offer, constant value",
            f"Value {classic['value']:g}, offer {classic['offer_cost']:g}, contact "
            f"{classic['contact_cost']:g}; acceptance is beta({classic['alpha']:g}, "
            f"{classic['beta']:g}).",
        ),
        (
            "Offer, own values",
            f"A customer's value is the margin ({definition['margin']:.0%}) of the money of the "
            f"{definition['value_horizon_days']} days before the day judged: {mean} "
            f"{report['currency']} on average. The offer costs {offer}, a contact {contact}: the "
            "same shares of the mean. The highest expected profit is contacted first.",
        ),
    ]
