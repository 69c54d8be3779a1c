"""Tables whose rows tell two events: a beginning, and an end that is known only once it came."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """The end that a row may tell.

    `role` maps its moment, `kinds` name the two events, `begun` is the column that holds the day of
    the beginning on both, `roles` are known from the end on. Where the end `may_be_ahead`, one that
    has not come yet is no event; elsewhere such a row is refused.
    """

    role: str
    kinds: tuple[str, str]
    begun: str
    roles: frozenset[str] = frozenset()
    may_be_ahead: bool = False


ENDINGS = {
    "tickets": Ending("closed_at", ("opened", "closed"), "opened_day", frozenset({"score"})),
    "subscriptions": Ending(
        "ended_on", ("started", "ended"), "started_day", frozenset({"reason"}), may_be_ahead=True
    ),
}
"""The end that the rows of a table may tell, by the table's name."""
