"""A market's country and region are codes that the calendar knows, or the message names them."""

import pytest
from pydantic import ValidationError

from features.market_settings import Market


@pytest.mark.parametrize(
    ("country", "region"), [("CZ", None), ("DE", "BY"), ("US", "CA"), ("VN", None), ("NO", None)]
)
def test_a_known_place_is_taken(country, region):
    market = Market(country=country, region=region)
    assert (market.country, market.region) == (country, region)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"country": "Germany"},
            r"'Germany' is no ISO 3166-1 code .* did you mean DE \(Germany\)\?",
        ),
        ({"country": "Czechya"}, r"did you mean CZ \(Czechia\)"),
        ({"country": "de"}, r"did you mean DE \(Germany\)\?"),
        ({"country": "UK"}, r"did you mean GB \(United Kingdom\)\?"),
        ({"country": "VNM"}, r"did you mean VN \(Vietnam\)\?"),
        ({"country": "Croatai"}, r"did you mean HR \(Croatia\)"),
        ({"country": "QQ"}, "'QQ' is no ISO .*; write it like CZ"),
        ({"country": ""}, "'' is no ISO .*; write it like CZ"),
        ({"country": False}, "YAML reads this code as False; write it in quotes, such as 'NO'"),
        ({"country": "SI", "region": 1}, "YAML reads this code as 1; write it in quotes"),
        ({"country": "DE", "region": "Bayern"}, r"'Bayern' is no region of DE; did you mean BY\?"),
        ({"country": "DE", "region": "by"}, r"did you mean BY\?"),
        ({"country": "DE", "region": "XX"}, "is no region of DE; write one of BB, BE, BW"),
        ({"country": "VN", "region": "HN"}, "VN has no regions .* leave region 'HN' out"),
        ({"region": "BY"}, "region 'BY' needs the country"),
    ],
)
def test_an_unknown_place_is_told_with_the_codes_closest_to_it(keys, said):
    with pytest.raises(ValidationError, match=said):
        Market.model_validate(keys)
