"""What a customer's leaving costs, and what an offer to that customer brings in on average.

With p the chance of leaving and v what the customer is worth over the horizon if he or she stays:

* expected loss = p × v;
* expected profit of an offer that costs c where it is taken = p × k × (v - c) - (1 - p) × c.

k is the share of leavers whom the offer keeps. Who would have stayed takes the offer all the same,
and a leaver who is not kept does not take it. This is one customer's term of the expected maximum
profit measure for churn without a cost of contact; it is linear in k, so that only the mean of k
counts, which there is 0.3 (a Beta(6, 14)). Source: Verbraken, Verbeke and Baesens (2013), "A Novel
Profit Maximizing Metric for Measuring Classification Performance of Customer Churn Prediction
Models", IEEE Transactions on Knowledge and Data Engineering 25(5).

k is an assumption until a trial with customers who get no offer has measured it.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def expected_loss(churn_probability: Floats, value: Floats) -> Floats:
    """What is lost on average by each customer's leaving, in the currency of `value`.

    >>> expected_loss(np.array([0.25]), np.array([200.0]))
    array([50.])
    """
    return churn_probability * value


def expected_profit(
    churn_probability: Floats, value: Floats, cost: Floats | float, *, kept_share: float
) -> Floats:
    """What an offer to each customer brings in on average, in the currency of `value`.

    >>> expected_profit(np.array([0.5]), np.array([110.0]), 10.0, kept_share=0.3)
    array([10.])
    """
    kept = churn_probability * kept_share * (value - cost)
    return kept - (1 - churn_probability) * cost
