"""The catalogues of words: complete, without leftovers, with the plural forms of their language."""

import re
from pathlib import Path

import pytest

import serving.web
from serving import reasons
from serving.calibration import OFF
from serving.drivers import CODES, SHOWN
from serving.texts import languages, texts_of
from serving.web.definitions import GROUPS
from serving.web.edition import BANDS

WEB = Path(serving.web.__file__).parent


def used_keys() -> set[str]:
    """Every text key that templates and modules name, the computed ones written out."""
    sources = [*WEB.glob("templates/*.html"), *WEB.glob("*.py"), Path(reasons.__file__)]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    keys = set(re.findall(r"""\b(?:t|texts)\(\s*["']([\w.-]+)["'](?! ~)""", text))
    keys |= {f"nav.{name}" for name in ("overview", "customers", "definitions")}
    keys |= {f"band.{band}" for band in BANDS}
    keys |= {f"band.{band}.{part}" for band in (*BANDS, "unscored") for part in ("risk", "range")}
    keys |= {f"value-band.{band}{part}" for band in BANDS for part in ("", ".range")}
    anchors = [anchor for group in GROUPS.values() for anchor in group]
    keys |= {f"definition.{anchor}{part}" for anchor in anchors for part in ("", ".name")}
    keys |= {f"definitions.{group}" for group in GROUPS}
    states = ("fresh", "stale", "past")
    keys |= {f"freshness.{state}{part}" for state in states for part in ("", ".sentence")}
    unavailable = (
        "already_churned", "too_little_history", "objected_to_profiling",
        "model_not_calibrated_for_market",
    )  # fmt: skip
    keys |= {f"unavailable.{reason}{part}" for reason in unavailable for part in ("", ".why")}
    keys |= {f"calibration.{state}" for state in OFF}
    keys |= {f"reason.{way}" for way in ("raises", "lowers")}
    keys |= {f"reason.weight.{weight}" for weight in BANDS}
    keys |= {f"quality.{part}" for part in ("churn", "value")}
    keys |= {f"quality.better.{who}" for who in ("model", "baseline", "neither")}
    keys |= {f"because.{code}" for code in CODES} | {f"because.{code}.alone" for code in SHOWN}
    keys |= {"because.own", "because.own.alone", "because.own.unknown"}
    columns = ("customer", "probability", "expected", "stake", "reasons", "last-order")
    keys |= {f"list.column.{column}" for column in columns}
    keys |= {f"timeline.column.{one}" for one in ("day", "orders", "value", "refunds")}
    return keys | {
        f"bands.column.{one}" for one in ("band", "range", "customers", "share", "stake")
    }


@pytest.mark.parametrize("language", languages())
def test_every_text_that_the_page_uses_exists_and_none_is_left_over(language):
    assert set(texts_of(language).entries) == used_keys()


@pytest.mark.parametrize("language", languages())
def test_every_plural_has_the_forms_of_its_language(language):
    texts = texts_of(language)
    forms = {*texts.locale.plural_form.tags, "other"}
    for key, entry in texts.entries.items():
        assert isinstance(entry, str) or set(entry) == forms, key


def test_a_text_with_plural_forms_needs_a_count():
    with pytest.raises(TypeError, match="rhythm.every has plural forms and needs a count"):
        texts_of("en")("rhythm.every")
