"""Proof that nothing leaks: the same questions in changed worlds, and what differs in the answers.

Reading order: `system` (what is verified), `worlds` (how events are changed), `comparison` (the
first difference in words), `checks` (one function per claim), `verify` (all of them, timed).
"""
