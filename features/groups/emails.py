"""How the customer reacts to messages: sent, opened, clicked, unsubscribed."""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf

emails = Source("emails")

SENT = emails.count("emails_sent", "kind = 'sent'")
OPENED = emails.count("emails_opened", "kind = 'opened'")
CLICKED = emails.count("emails_clicked", "kind = 'clicked'")
OPENED_DAYS = emails.days("email_opened_days", "kind = 'opened'")
CLICKED_DAYS = emails.days("email_clicked_days", "kind = 'clicked'")
BOUNCED = emails.count("emails_bounced", "kind = 'bounced'")
REJECTED = emails.count("emails_rejected", "kind = 'complained' OR kind = 'unsubscribed'")


@emails.windowed(over=(30, 90, 365))
def emails_sent_count(known: AsOf, window_days: int | None) -> Ints:
    """Messages sent to the customer."""
    return known.total(SENT, window_days)


@emails.windowed(over=(30, 90, 365))
def emails_opened_share(known: AsOf, window_days: int | None) -> Floats:
    """Messages opened per message sent."""
    return divided(known.total(OPENED, window_days), known.total(SENT, window_days))


@emails.windowed(over=(30, 90, 365))
def emails_clicked_share(known: AsOf, window_days: int | None) -> Floats:
    """Messages clicked per message sent."""
    return divided(known.total(CLICKED, window_days), known.total(SENT, window_days))


@emails.feature()
def last_email_opened_days(known: AsOf) -> Floats:
    """Days from the last opening of a message to the cutoff."""
    return known.days_since_last(OPENED_DAYS)


@emails.feature()
def last_email_clicked_days(known: AsOf) -> Floats:
    """Days from the last click in a message to the cutoff."""
    return known.days_since_last(CLICKED_DAYS)


@emails.feature()
def emails_bounced_count(known: AsOf) -> Ints:
    """Messages that could not be delivered."""
    return known.total(BOUNCED)


@emails.feature()
def emails_rejected_count(known: AsOf) -> Ints:
    """Complaints and unsubscriptions."""
    return known.total(REJECTED)
