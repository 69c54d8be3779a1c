"""Intervals of a customer's value: nothing at all, or an amount that may be far from expected.

Zero mass and amounts count apart. The chance to buy at all is the churn model's; what a buyer
spends is told, out of time, by the newest cutoff whose outcomes are known: what those who bought
spent over what was expected of them if they buy, told by models that knew only what came before it.
The ends are the ones of least expected interval score (Gneiting and Raftery (2007), "Strictly
Proper Scoring Rules, Prediction, and Estimation", JASA 102(477), section 6.2), among those that
cover enough of the buyers: an interval right for the crowd, of whom most spend nothing, would miss
them. Who is cheap to cover, being small or sure to buy, is covered first (a Lagrange multiplier).
Learned where nothing had been fitted, as in split conformal prediction: Lei et al. (2018),
"Distribution-Free Predictive Inference for Regression", JASA 113(523).
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from training.metrics import interval_coverage

Floats = npt.NDArray[np.float64]

BUYERS_COVERED = 0.87
"""Share of those who buy that an interval must cover where it was learned, the rest being noise."""

LEAST_BUYING = 0.005  # a chance below it makes what is spent "if they buy" a number without meaning
_SHARES = np.concatenate([np.arange(0, 0.9, 0.02), np.arange(0.9, 0.99, 0.01), [0.99, 0.995]])
_FINE = np.linspace(0, 1, 401)
_DEAREST = 2.0**14  # mean spends paid for one more buyer covered; beyond it all are covered
_HALVINGS = 10


@dataclass(frozen=True, slots=True)
class ValueInterval:
    """What buyers spend over what is expected of them if they buy.

    Of these `shares` of the buyers it is at most the `ratios`; `excess` is the mean by which it is
    above each. `worth` is what one more buyer covered may cost in interval score, in whole units of
    money, within `days`, those that it was learned from.
    """

    level: float
    days: int
    shares: tuple[float, ...]
    ratios: tuple[float, ...]
    excess: tuple[float, ...]
    worth: float

    def around(
        self, expected: Floats, silence: Floats, within_days: tuple[Floats, Floats] | None = None
    ) -> tuple[Floats, Floats]:
        """Low and high of each expected value, same unit; low <= expected <= high.

        `silence` is each customer's chance not to buy within the horizon asked for; whoever stays
        silent with more than the lower tail's probability has 0 as the low end. `within_days` are
        the two of the horizon `days`, if another one is asked for: who is cheap to cover is so at
        any horizon.
        """
        buying, if_buys = _if_buys(expected, silence)
        dearness = _if_buys(*within_days)[1] if within_days else if_buys
        worth = self.worth / np.maximum(dearness, np.finfo(np.float64).tiny)
        tail = (1 - self.level) / 2
        # Ends at 0 leave out all that a buyer may spend.
        high, least = np.zeros(len(expected)), buying * (self.excess[0] + self.ratios[0]) / tail
        for share, ratio, excess in zip(self.shares, self.ratios, self.excess, strict=True):
            cost = ratio + buying * (excess / tail - worth * share)
            better = cost < least
            high, least = np.where(better, if_buys * ratio, high), np.where(better, cost, least)
        low = self._quantile(tail, buying) * if_buys
        return np.minimum(low, expected), np.maximum(high, expected)

    def median(self, expected: Floats, silence: Floats) -> Floats:
        """What half of such customers stay below; 0 for most."""
        buying, if_buys = _if_buys(expected, silence)
        middle: Floats = self._quantile(0.5, buying) * if_buys
        return middle

    def _quantile(self, share: float, buying: Floats) -> Floats:
        """Multiple of the value if she buys that this share of such customers stay below."""
        of_buyers = 1 - (1 - share) / buying
        multiple = np.interp(of_buyers, self.shares, self.ratios)
        return np.where(of_buyers > 0, multiple, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """The interval as JSON-able data."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The interval that `to_dict` described."""
        lists = {name: tuple(fields[name]) for name in ("shares", "ratios", "excess")}
        return cls(**{**fields, **lists})


def fit_value_interval(
    expected: Floats, silence: Floats, realised: Floats, *, days: int, level: float
) -> ValueInterval:
    """The interval of least score that covered everybody and those who bought, where it is learned.

    `expected` value and `silence` (the chance not to buy within these days) were said by models
    that had not seen what was `realised`; all of shape (n_rows,). Everybody is covered to the
    level, and `BUYERS_COVERED` of those who bought.
    """
    bought = realised > 0
    if_buys = np.maximum(_if_buys(expected, silence)[1], np.finfo(np.float64).tiny)
    ratio = (realised / if_buys)[bought] if bought.any() else np.ones(1)
    ratios = np.quantile(ratio, _SHARES)
    fine = np.quantile(ratio, _FINE)
    excess = [float(np.maximum(fine - one, 0).mean()) for one in ratios]
    shares, multiples = tuple(map(float, _SHARES)), tuple(map(float, ratios))
    plain = ValueInterval(level, days, shares, multiples, tuple(excess), worth=0.0)
    mean = float(realised.mean())
    if mean <= 0 or _covers(plain, expected, silence, realised):
        return plain

    def of(multiple: float) -> ValueInterval:
        return replace(plain, worth=multiple * mean)

    enough = 1.0
    while enough < _DEAREST and not _covers(of(enough), expected, silence, realised):
        enough *= 2
    too_little = enough / 2
    for _ in range(_HALVINGS):
        middle = (too_little + enough) / 2
        if _covers(of(middle), expected, silence, realised):
            enough = middle
        else:
            too_little = middle
    return of(enough)


def _if_buys(expected: Floats, silence: Floats) -> tuple[Floats, Floats]:
    """The chance to buy, and the value expected of a customer who does."""
    buying = np.clip(1 - silence, LEAST_BUYING, 1.0)
    return buying, expected / buying


def _covers(tried: ValueInterval, expected: Floats, silence: Floats, realised: Floats) -> bool:
    low, high = tried.around(expected, silence)
    bought = realised > 0
    buyers = interval_coverage(realised[bought], low[bought], high[bought])
    everybody = interval_coverage(realised, low, high)
    return everybody >= tried.level and buyers >= min(tried.level, BUYERS_COVERED)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
