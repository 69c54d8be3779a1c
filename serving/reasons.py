"""Reasons in words: sentences that a marketer can check against the customer's orders."""

from serving.store import Reason
from serving.texts import Texts, languages, texts_of

LANGUAGES = tuple(languages())


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
    return texts(
        key,
        round(reason.value or 0),
        meaning=reason.meaning,
        value=_shown(reason.value, reason, texts, currency),
        typical=_shown(reason.typical, reason, texts, currency),
        rhythm=texts("rhythm.every", max(1, round(reason.typical or 0))),
    )


def _shown(value: float | None, reason: Reason, texts: Texts, currency: str) -> str:
    if value is None:
        return ""
    if reason.unit == "money":
        return texts.money(value, currency)
    if reason.unit == "percent":
        return texts.percent(value)
    return texts.number(value, digits=0 if float(value).is_integer() else 1)
