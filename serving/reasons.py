"""Reasons in words: sentences that a marketer can check against the customer's orders."""

from serving.store import Reason
from serving.texts import Texts, languages, texts_of

OWN_RHYTHM = "silence.own"
"""Silence told against the customer's own rhythm, where that is what it goes against."""

LANGUAGES = tuple(languages())
WORTH_A_RATIO = 2.95  # a silence so many times the usual gap is told with its ratio, "3 times"


def reason_text(reason: Reason, *, currency: str, language: str = "en") -> str:
    """The reason as one sentence in this language.

    >>> reason_text(Reason("silence.own", "raises", "high", 71.0, 28.0, "days"), currency="EUR")
    'No order for 71 days; usually every 28 days.'
    """
    texts = texts_of(language)
    # What follows `own.` is the name of a feature of the business's own: no text of ours has it.
    is_own = reason.code.startswith("own.")
    key = "because.own" if is_own else f"because.{reason.code}"
    if is_own and reason.value is None:
        key = f"{key}.unknown"
    elif reason.typical is None or reason.value is None:
        key = f"{key}.alone"
    ratio = _ratio(reason)
    if ratio >= WORTH_A_RATIO:
        key = f"{key}.times"
    return texts(
        key,
        round(reason.value or 0),
        meaning=reason.meaning,
        value=_shown(reason.value, reason, texts, currency),
        typical=_shown(reason.typical, reason, texts, currency),
        ratio=texts.number(ratio, digits=0 if round(ratio, 1).is_integer() else 1),
        rhythm=texts("rhythm.every", _whole_days(reason.typical)),
    )


def _ratio(reason: Reason) -> float:
    """How many usual gaps a silence is; 0 where it is told against nobody's own rhythm."""
    if reason.code != OWN_RHYTHM or not reason.value or not reason.typical:
        return 0.0
    return reason.value / _whole_days(reason.typical)


def _whole_days(typical: float | None) -> int:
    return max(1, round(typical or 0))


def _shown(value: float | None, reason: Reason, texts: Texts, currency: str) -> str:
    if value is None:
        return ""
    if reason.unit == "money":
        return texts.money(value, currency)
    if reason.unit == "percent":
        return texts.percent(value)
    return texts.number(value, digits=0 if float(value).is_integer() else 1)
