"""From events to features: what a business knows about each customer before a cutoff.

Reading order: `settings` (what a business is), `schema` (what an order is), `sources` (where orders
come from), `histories` (day tiles, the stored history), `declarations` and `groups` (what a feature
is), `matrix` (the one door to features, for training and for serving).
"""
