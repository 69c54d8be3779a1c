"""What the business did: contacts made and offers given lately."""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_DAYS

contacts = Source("contacts")

CONTACTS = contacts.count("contacts")
CONTACT_DAYS = contacts.days("contact_days")
OFFERS = contacts.count("offers", "kind = 'offer'")
OFFER_DAYS = contacts.days("offer_days", "kind = 'offer'")
CONTACT_COST = contacts.total("contact_cost_minor", "cost_minor", needs=("cost_minor",))
CONTACT_CHANNELS = contacts.bits("contact_channel_bits", "channel")
LAST_CHANNEL = contacts.word("last_contact_channel", "channel")


@contacts.windowed(over=(7, 30, 90, 365))
def contacts_count(known: AsOf, window_days: int | None) -> Ints:
    """Contacts received, offers included."""
    return known.total(CONTACTS, window_days)


@contacts.windowed(over=(30, 90, 365))
def offers_count(known: AsOf, window_days: int | None) -> Ints:
    """Offers received."""
    return known.total(OFFERS, window_days)


@contacts.feature()
def last_contact_days(known: AsOf) -> Floats:
    """Days from the last contact to the cutoff."""
    return known.days_since_last(CONTACT_DAYS)


@contacts.feature()
def last_offer_days(known: AsOf) -> Floats:
    """Days from the last offer to the cutoff."""
    return known.days_since_last(OFFER_DAYS)


@contacts.windowed(over=(365,), needs=("orders",))
def contacts_per_order_day_ratio(known: AsOf, window_days: int | None) -> Floats:
    """Contacts per day with an order."""
    return divided(known.total(CONTACTS, window_days), known.total(ORDER_DAYS, window_days))


@contacts.windowed(over=(365,), life=False, needs=("cost_minor",))
def contact_cost_value(known: AsOf, window_days: int | None) -> Floats:
    """What the contacts cost."""
    return known.money(CONTACT_COST, window_days)


@contacts.windowed(over=(90,), life=False, needs=("channel",))
def contact_channels_count(known: AsOf, window_days: int | None) -> Ints:
    """Different channels of contact."""
    return known.distinct(CONTACT_CHANNELS, window_days)


@contacts.feature(needs=("channel",))
def last_contact_channel_code(known: AsOf) -> Floats:
    """Channel of the last contact."""
    return known.last_word(LAST_CHANNEL)
