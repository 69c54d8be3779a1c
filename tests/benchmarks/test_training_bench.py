"""The benchmark of training: its made-up panel is one, and both sides fit the same things."""

import numpy as np

from benchmarks.training_bench.panel import FEATURES, bare_fit, made_up, product_fit


def test_the_panel_holds_what_models_need_and_both_ways_grow_trees_on_it():
    panel = made_up(4_000)
    assert len(panel.features) == len(panel.labels) == 4_000
    assert len(panel.feature_names) == FEATURES
    assert 0.2 < panel.labels["churned"].mean() < 0.9
    assert np.isfinite(panel.labels["realised_value"]).all()
    product, bare = product_fit(panel)(), bare_fit(panel)()
    assert product > 0
    assert abs(product - bare) < 0.5 * bare
