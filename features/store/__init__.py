"""The durable store of customer histories: accepted events and day tiles, in whole generations.

`histories` is its door: `read` for the kernel, `write` for one writer at a time. Below it,
`generations` keeps files and publishes, `tables` cuts them into buckets of customers, `keys` knows
which events are stored, `events` judges a batch, `tiles` merges partial aggregates.
"""
