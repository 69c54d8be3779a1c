"""A model card as Markdown, and the standing of a version as one more section."""

from collections.abc import Iterable, Sequence

from training.figures import FIGURES
from training.gate import CHALLENGER
from training.judging import Sheet


def card_markdown(card: Sheet) -> str:
    """The card for people."""
    model = card["model"]
    parts = [
        f"# Model card: {model['name']} version {model['version']}",
        f"{card['business']}. Made by {card['product']} from its own training run.",
        _facts("What it predicts", card["definition"]),
        _facts("How it is made", card["recipe"] | {"digest": model["digest"]}),
        _facts("What it learned from", card["data"]),
        _quality(card["quality"]),
        _calibration(card["calibration"]),
        *_markets(card.get("markets")),
        "\n".join(["## Limits", "", *(f"* {one}" for one in card["limits"])]),
        gate_markdown(card["gate"]),
    ]
    return "\n\n".join(parts) + "\n"


def gate_markdown(gate: Sheet) -> str:
    """What the gate decided, and every difference that it looked at."""
    lines = ["## Gate", "", f"**{gate['decision'].capitalize()}** ({gate['mode']}):", ""]
    lines += [f"* {one}" for one in gate["reasons"]]
    if gate["changed"]:
        lines.append(f"* Changed in the recipe: {', '.join(gate['changed'])}.")
    champion = gate["champion"]
    if champion and champion["judged_as"]:
        lines.append(
            f"* The champion, version {champion['version']}, was judged as {champion['judged_as']}"
            f", learned before {champion['judged_learned_before']}; outcomes are from "
            f"{gate['cutoff']} on."
        )
    rows = [
        [
            sheet["name"],
            FIGURES[one["figure"]].label,
            f"{one['system']} - {one['opponent']}",
            _signed(one["value"]),
            f"{_signed(one['low'])} to {_signed(one['high'])}",
            one["verdict"],
        ]
        for sheet in gate["scopes"]
        for one in sheet.get("differences", [])
        if one["system"] == CHALLENGER
    ]
    header = ["customers", "figure", "difference", "value", "interval*", "verdict"]
    note = (
        "*95 % over the four figures together, and over figures and markets together. A difference "
        "decides only beyond its interval and from a smallest size on."
    )
    return "\n".join([*lines, "", *_table(header, rows), "", note])


def standing_markdown(standing: Sequence[str]) -> str:
    """What became of a version after its card was made."""
    return "\n".join(["## Since then", "", *(f"* {one}" for one in standing)]) + "\n"


def _quality(quality: Sheet) -> str:
    head = [
        "## How good it was",
        "",
        f"Grade {quality['grade']}: {quality['grade_rule']}.",
        "",
        f"Holdout of {quality['cutoff']}: {quality['judged']}; the newest label learned is of "
        f"{quality['learned_until']}. With 95 % intervals:",
        "",
    ]
    scopes = quality["scopes"]
    names = [CHALLENGER, quality["baseline"]]
    judged = [one for one in scopes if one["judged"]]
    rows = [
        [
            one["name"],
            FIGURES[figure].label,
            *(_with_interval(systems.get(name)) for name in names),
        ]
        for one in judged
        for figure, systems in one["figures"].items()
    ]
    counts = [
        f"* {one['name']}: "
        + (f"{one['customers_count']:,} customers, {one['churn_rate']:.1%} churned"
           if one["judged"] else one["customers"])
        for one in scopes
    ]  # fmt: skip
    everyone = [
        [name, *(_number(found[part].get(key)) for part, key in PLAIN)]
        for name, found in quality["systems"].items()
    ]
    header = ["customers", "figure", "this model", names[1]]
    plain = ["system", *(key.replace("_", " ") for _, key in PLAIN)]
    return "\n".join(
        [
            *head,
            *_table(header, rows),
            "",
            *counts,
            "",
            "All systems, all active customers:",
            "",
            *_table(plain, everyone),
        ]
    )


PLAIN = (
    ("churn", "auc"),
    ("churn", "log_loss"),
    ("churn", "ece"),
    ("value", "ngini"),
    ("value", "bias"),
    ("value", "rmse"),
    ("value", "interval_coverage"),
)


def _calibration(tenths: Sequence[dict[str, float | None]]) -> str:
    rows = [
        [str(place), _number(one["said"]), _number(one["seen"])]
        for place, one in enumerate(tenths, start=1)
    ]
    head = ["## Calibration", "", "Churn in ten groups of equal size, the least risky first:", ""]
    return "\n".join([*head, *_table(["group", "said", "seen"], rows)])


def _markets(marks: Sheet | None) -> list[str]:
    """A section with the mark of every market; none for a card of an earlier version."""
    if not marks:
        return []
    rule = marks["rule"]
    rows = [
        [name, one["state"], *_figures(one)]
        for name, one in {"all active customers": marks["all"], **marks["markets"]}.items()
    ]
    header = ["market", "mark", "customers", "said", "seen", "error over five groups"]
    note = (
        f"Checked on outcomes until {marks['checked_on']}. Flagged: off by more than "
        f"{rule['flagged_over']:.0%} beyond chance; withheld, without scores: by more than "
        f"{rule['withheld_over']:.0%}. In either case an error of {rule['error_share']:.0%} is "
        f"shared by all markets. Unchecked: fewer than {rule['min_customers']:,} customers; the "
        "mark of the whole holds there."
    )
    return ["\n".join(["## Calibration per market", "", *_table(header, rows), "", note])]


def _figures(mark: Sheet) -> list[str]:
    """The figures behind a mark; dashes for a market that was not checked."""
    if "said" not in mark:
        return ["-"] * 4
    seen = f"{mark['seen']:.3f} ({mark['seen_low']:.3f} to {mark['seen_high']:.3f})"
    return [f"{mark['customers_count']:,}", _number(mark["said"]), seen, _number(mark["ece"])]


def _facts(title: str, facts: Sheet) -> str:
    lines = [f"* {name.replace('_', ' ')}: {_word(value)}" for name, value in facts.items()]
    return "\n".join([f"## {title}", "", *lines])


def _word(value: object) -> str:
    if isinstance(value, dict):
        told = "; ".join(f"{name} {_word(one)}" for name, one in value.items())
        return told or "not recorded"
    if isinstance(value, list):
        return ", ".join(_word(one) for one in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [
        "| " + " | ".join(str(cell).replace("|", r"\|") for cell in line) + " |" for line in lines
    ]


def _with_interval(found: Sheet | None) -> str:
    if found is None or found["value"] is None:
        return "-"
    return f"{_number(found['value'])} ({_number(found['low'])} to {_number(found['high'])})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4f}"
