"""What went wrong: support tickets, open and closed."""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf
from features.tile_index import DayWeight

tickets = Source("tickets")

OPENED = tickets.count("tickets_opened", "kind = 'opened'")
OPENED_DAYS = tickets.days("ticket_days", "kind = 'opened'")
CLOSED = tickets.count("tickets_closed", "kind = 'closed'")
# Sums of days since 1970: the difference of two such sums is a sum of durations.
DAY_NUMBER = DayWeight("day number", lambda days: days)
OPENED_ON = tickets.total("ticket_opened_day_sum", "opened_day", "kind = 'opened'")
CLOSED_OPENED_ON = tickets.total("ticket_closed_opened_day_sum", "opened_day", "kind = 'closed'")
SCORES = tickets.total(
    "ticket_score_sum", "score_hundredths", "kind = 'closed'", needs=("score_hundredths",)
)
SCORED = tickets.count(
    "tickets_scored",
    "kind = 'closed' AND score_hundredths IS NOT NULL",
    needs=("score_hundredths",),
)
LAST_TOPIC = tickets.word("last_ticket_topic", "topic", "kind = 'opened'")
LAST_PRIORITY = tickets.word("last_ticket_priority", "priority", "kind = 'opened'")


@tickets.windowed(over=(30, 90, 365))
def tickets_count(known: AsOf, window_days: int | None) -> Ints:
    """Tickets opened."""
    return known.total(OPENED, window_days)


@tickets.feature()
def last_ticket_days(known: AsOf) -> Floats:
    """Days from the last opening of a ticket to the cutoff."""
    return known.days_since_last(OPENED_DAYS)


@tickets.feature()
def tickets_open_count(known: AsOf) -> Ints:
    """Tickets opened and not closed before the cutoff."""
    return known.total(OPENED) - known.total(CLOSED)


@tickets.feature()
def tickets_open_age_days(known: AsOf) -> Floats:
    """Mean age of the tickets that are open."""
    open_count = tickets_open_count.compute(known)
    opened_on = known.total(OPENED_ON) - known.total(CLOSED_OPENED_ON)
    return divided(open_count * known.cutoff_days - opened_on, open_count)


@tickets.windowed(over=(365,))
def ticket_resolution_days(known: AsOf, window_days: int | None) -> Floats:
    """Mean days from opening to closing, of tickets closed."""
    taken = known.total(CLOSED, window_days, DAY_NUMBER) - known.total(
        CLOSED_OPENED_ON, window_days
    )
    return divided(taken, known.total(CLOSED, window_days))


@tickets.windowed(over=(365,), needs=("score_hundredths",))
def ticket_satisfaction_score(known: AsOf, window_days: int | None) -> Floats:
    """Mean satisfaction with answers, on the source's own scale."""
    return divided(known.total(SCORES, window_days) / 100, known.total(SCORED, window_days))


@tickets.feature(needs=("topic",))
def last_ticket_topic_code(known: AsOf) -> Floats:
    """What the ticket opened last was about."""
    return known.last_word(LAST_TOPIC)


@tickets.feature(needs=("priority",))
def last_ticket_priority_code(known: AsOf) -> Floats:
    """How urgent the ticket opened last was."""
    return known.last_word(LAST_PRIORITY)
