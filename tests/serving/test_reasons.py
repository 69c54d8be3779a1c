"""Reasons in words, in four languages: sentences checked by hand for the counts that differ."""

import pytest

from serving.drivers import CODES, OWN_RHYTHM, SHOWN
from serving.reasons import LANGUAGES, reason_text
from serving.store import Reason

NB = "\u00a0"
PACE = {
    "en": {
        1: "1 day with an order in the last 180 days; 3 for most customers.",
        2: "2 days with an order in the last 180 days; 3 for most customers.",
        5: "5 days with an order in the last 180 days; 3 for most customers.",
        21: "21 days with an order in the last 180 days; 3 for most customers.",
    },
    "cs": {
        1: "1 den s objednávkou za posledních 180 dní; u většiny zákazníků 3.",
        2: "2 dny s objednávkou za posledních 180 dní; u většiny zákazníků 3.",
        5: "5 dní s objednávkou za posledních 180 dní; u většiny zákazníků 3.",
        21: "21 dní s objednávkou za posledních 180 dní; u většiny zákazníků 3.",
    },
    "hr": {
        1: "1 dan s narudžbom u zadnjih 180 dana; kod većine kupaca 3.",
        2: "2 dana s narudžbom u zadnjih 180 dana; kod većine kupaca 3.",
        5: "5 dana s narudžbom u zadnjih 180 dana; kod većine kupaca 3.",
        21: "21 dan s narudžbom u zadnjih 180 dana; kod većine kupaca 3.",
    },
    "vi": {
        1: "1 ngày có đơn hàng trong 180 ngày qua; đa số khách hàng: 3.",
        2: "2 ngày có đơn hàng trong 180 ngày qua; đa số khách hàng: 3.",
        5: "5 ngày có đơn hàng trong 180 ngày qua; đa số khách hàng: 3.",
        21: "21 ngày có đơn hàng trong 180 ngày qua; đa số khách hàng: 3.",
    },
}
TICKETS = {
    "cs": {
        1: "1 požadavek na podporu za poslední rok.",
        2: "2 požadavky na podporu za poslední rok.",
        5: "5 požadavků na podporu za poslední rok.",
        21: "21 požadavků na podporu za poslední rok.",
    },
    "hr": {
        1: "1 upit podršci u zadnjih godinu dana.",
        2: "2 upita podršci u zadnjih godinu dana.",
        5: "5 upita podršci u zadnjih godinu dana.",
        21: "21 upit podršci u zadnjih godinu dana.",
    },
}
LOYALTY = {
    "cs": {
        1: "1 nevyužitý věrnostní bod.",
        2: "2 nevyužité věrnostní body.",
        5: "5 nevyužitých věrnostních bodů.",
        21: "21 nevyužitých věrnostních bodů.",
    },
    "hr": {
        1: "1 neiskorišten bod vjernosti.",
        2: "2 neiskorištena boda vjernosti.",
        5: "5 neiskorištenih bodova vjernosti.",
        21: "21 neiskorišten bod vjernosti.",
    },
}
SILENCE = {
    "en": {
        (71, 28): "No order for 71 days; usually every 28 days.",
        (1, 1): "No order for 1 day; usually every day.",
        (21, 5): "No order for 21 days; usually every 5 days. That is 4.2 times the usual gap.",
    },
    "cs": {
        (71, 28): "Bez objednávky 71 dní; obvykle každých 28 dní.",
        (1, 1): "Bez objednávky 1 den; obvykle každý den.",
        (2, 21): "Bez objednávky 2 dny; obvykle každých 21 dní.",
        (21, 5): "Bez objednávky 21 dní; obvykle každých 5 dní. To je 4,2násobek obvyklé doby.",
        (6, 2): "Bez objednávky 6 dní; obvykle každé 2 dny. To je 3násobek obvyklé doby.",
    },
    "hr": {
        (71, 28): "Bez narudžbe 71 dan; obično u razmaku od 28 dana.",
        (1, 1): "Bez narudžbe 1 dan; obično u razmaku od 1 dana.",
        (2, 21): "Bez narudžbe 2 dana; obično u razmaku od 21 dana.",
        (21, 5): "Bez narudžbe 21 dan; obično u razmaku od 5 dana."
        " To je 4,2 puta duže nego obično.",
    },
    "vi": {
        (71, 28): "Không có đơn hàng trong 71 ngày; thường cách nhau 28 ngày.",
        (21, 5): "Không có đơn hàng trong 21 ngày; thường cách nhau 5 ngày."
        " Lâu gấp 4,2 lần thông thường.",
    },
}
MONEY = {
    "en": "Spends €1,235 on a day with an order; €4.20 for most customers.",
    "cs": f"V den s objednávkou utratí 1{NB}235{NB}€; u většiny zákazníků 4,20{NB}€.",
    "hr": f"Na dan s narudžbom potroši 1.235{NB}€; kod većine kupaca 4,20{NB}€.",
    "vi": f"Chi 1.235{NB}€ mỗi ngày có đơn hàng; đa số khách hàng: 4,20{NB}€.",
}


def sentences(told):
    return [
        (language, count, text) for language, one in told.items() for count, text in one.items()
    ]


@pytest.mark.parametrize(("language", "count", "text"), sentences(PACE))
def test_a_count_is_said_as_the_language_says_it(language, count, text):
    reason = Reason("pace", "lowers", "high", float(count), 3.0, "orders")
    assert reason_text(reason, currency="EUR", language=language) == text


@pytest.mark.parametrize(("code", "told"), [("tickets", TICKETS), ("loyalty", LOYALTY)])
def test_words_bend_with_their_count(code, told):
    for language, count, text in sentences(told):
        reason = Reason(code, "raises", "low", float(count), None, "count")
        assert reason_text(reason, currency="EUR", language=language) == text


@pytest.mark.parametrize(("language", "days", "text"), sentences(SILENCE))
def test_silence_is_told_beside_the_own_rhythm_with_a_ratio_once_it_is_long(language, days, text):
    reason = Reason(OWN_RHYTHM, "raises", "high", float(days[0]), float(days[1]), "days")
    assert reason_text(reason, currency="EUR", language=language) == text


@pytest.mark.parametrize(("language", "text"), MONEY.items())
def test_money_is_written_as_the_language_does(language, text):
    reason = Reason("money", "raises", "low", 1234.5, 4.2, "money")
    assert reason_text(reason, currency="EUR", language=language) == text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", [*CODES, "own.night_orders_count"])
@pytest.mark.parametrize("value", [0.0, 1.0, 2.5, 5.0, 21.0, None])
@pytest.mark.parametrize("typical", [2.0, None])
def test_every_reason_has_a_sentence_in_every_language(code, language, value, typical):
    if code == OWN_RHYTHM and None in {value, typical}:
        return  # it is chosen only where both are known
    unit = SHOWN.get(code, ("", "days"))[1]
    reason = Reason(code, "raises", "low", value, typical, unit, "Orders at night")
    text = reason_text(reason, currency="EUR", language=language)
    assert text.endswith(".")
    assert "{" not in text
