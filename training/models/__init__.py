"""The models: purchase models with a likelihood of their own, and baselines beside the champion.

Reading order: `purchase_summary` (what the purchase models see), `bg_nbd` and `pareto_nbd` (will
the customer order again, and how often), `gamma_gamma` (what an order is worth), `baselines`.
"""
