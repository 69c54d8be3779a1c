"""The page of definitions: what every number means, in the order in which a reader meets them."""

from serving.web.edition import Edition
from serving.web.views import Definition, DefinitionsView

GROUPS: dict[str, tuple[str, ...]] = {
    "customers": ("customers", "as-of", "not-scored", "at-risk"),
    "score": ("churn-probability", "percentile", "band", "reasons", "usual-rhythm"),
    "money": ("expected-value", "interval", "value-if-stays", "value-at-stake", "value-band"),
    "model": ("grade", "hold-out", "baseline"),
    "churn": ("auc", "top_decile_lift", "ece", "log_loss", "brier"),
    "value": (
        "ngini", "spearman", "decile_mape", "bias", "interval_coverage",
        "interval_coverage_buyers", "rmse",
    ),
}  # fmt: skip


def definitions_view(edition: Edition) -> DefinitionsView:
    """All definitions with the figures of the current generation in them."""
    return DefinitionsView(
        tuple(
            (edition.texts(f"definitions.{group}"), _group(edition, anchors))
            for group, anchors in GROUPS.items()
        )
    )


def _group(edition: Edition, anchors: tuple[str, ...]) -> tuple[Definition, ...]:
    return tuple(edition.definition(anchor) for anchor in anchors)
