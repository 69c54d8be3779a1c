"""The labels of a classifier of two classes, as scikit-learn gives them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d


def two_classes(y: Any, count: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Both classes, sorted, and whether each of `count` rows is of the second.

    Raises ValueError for other than two classes or another number of labels.
    """
    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    if len(labels) != count:
        message = f"{count} rows and {len(labels)} labels: inconsistent numbers of samples."
        raise ValueError(message)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) > 2:
        kind = type_of_target(labels)
        message = f"Only binary classification is supported. The type of the target is {kind}."
        raise ValueError(message)
    if len(classes) < 2:
        message = f"All {count} samples are of one class; a classifier needs two classes."
        raise ValueError(message)
    return classes, codes.astype(bool)
