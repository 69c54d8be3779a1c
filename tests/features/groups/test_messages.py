"""E-mails and contacts, counted by hand."""

from math import nan

from events import ada, counted_by_hand

from features.groups import contacts, emails
from features.word_codes import code_of

EMAILS = [
    {"age": 300, "kind": "sent"},
    {"age": 300, "kind": "clicked"},
    {"age": 80, "kind": "sent"},
    {"age": 79, "kind": "opened"},
    {"age": 20, "kind": "sent"},
    {"age": 20, "kind": "sent"},
    {"age": 20, "kind": "opened"},
    {"age": 9, "kind": "bounced"},
    {"age": 8, "kind": "complained"},
    {"age": 7, "kind": "unsubscribed"},
]
CONTACTS = [
    {"age": 200, "kind": "offer", "channel": "letter", "cost_minor": 150},
    {"age": 60, "kind": "contact", "channel": "phone", "cost_minor": 500},
    {"age": 60, "kind": "offer", "channel": "e-mail"},
    {"age": 3, "kind": "contact", "channel": "phone", "cost_minor": 50},
]


def test_emails():
    expected = {
        "emails_sent_30d_count": 2,
        "emails_sent_90d_count": 3,
        "emails_sent_365d_count": 4,
        "emails_sent_count": 4,
        "emails_opened_30d_share": 1 / 2,
        "emails_opened_90d_share": 2 / 3,
        "emails_opened_365d_share": 2 / 4,
        "emails_opened_share": 2 / 4,
        "emails_clicked_30d_share": 0,
        "emails_clicked_90d_share": 0,
        "emails_clicked_365d_share": 1 / 4,
        "emails_clicked_share": 1 / 4,
        "last_email_opened_days": 20,
        "last_email_clicked_days": 300,
        "emails_bounced_count": 1,
        "emails_rejected_count": 2,
    }
    counted_by_hand(ada(emails=EMAILS), emails, expected)


def test_who_got_no_message_has_not_ignored_any():
    row = ada(emails=[{"customer_id": "bob", **EMAILS[0]}])
    expected = {
        name: 0 if name.endswith("_count") else nan
        for name in row.index
        if name.startswith(("emails", "last_email"))
    }
    counted_by_hand(row, emails, expected)


def test_contacts():
    expected = {
        "contacts_7d_count": 1,
        "contacts_30d_count": 1,
        "contacts_90d_count": 3,
        "contacts_365d_count": 4,
        "contacts_count": 4,
        "offers_30d_count": 0,
        "offers_90d_count": 1,
        "offers_365d_count": 2,
        "offers_count": 2,
        "last_contact_days": 3,
        "last_offer_days": 60,
        "contacts_per_order_day_365d_ratio": 4 / 1,
        "contacts_per_order_day_ratio": 4 / 2,
        "contact_cost_365d_value": 7.0,
        "contact_channels_90d_count": 2,
        "last_contact_channel_code": code_of("phone"),
    }
    row = ada(orders=[{"age": 400}, {"age": 90}], contacts=CONTACTS)
    counted_by_hand(row, contacts, expected)


def test_who_was_never_contacted():
    row = ada(contacts=[{"customer_id": "bob", **CONTACTS[0]}])
    unknown = {"last_contact_days", "last_offer_days", "contacts_per_order_day_365d_ratio"}
    unknown.add("last_contact_channel_code")
    mine = [
        name
        for name in row.index
        if name.startswith(("contact", "offers", "last_contact", "last_of"))
    ]
    counted_by_hand(row, contacts, {name: nan if name in unknown else 0 for name in mine})
