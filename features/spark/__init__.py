"""The same tiles and the same rows on Apache Spark; only imported where `engine` is `spark`.

Read `session` (how Spark is started), `events` (what it reads), `tiles` (the one SQL text), `rows`
(the one kernel, customers of a partition at a time).
"""
