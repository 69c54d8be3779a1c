"""The catalogues of words: complete, translated, with the plural forms of their language."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

import serving.web
from serving import reasons
from serving.calibration import OFF
from serving.drivers import CODES, SHOWN
from serving.texts import CATALOGUE, FOLDER, TEMPLATE, catalogue_of, languages, texts_of
from serving.web.definitions import GROUPS
from serving.web.edition import BANDS

WEB = Path(serving.web.__file__).parent
TRANSLATED = [language for language in languages() if language != "en"]
CALLED = {"t": None, "texts": None}
"""What texts are asked with; the first argument is the id."""

# Names, and texts that hold nothing but what is put into them.
ALIKE = {
    "frame.product", "because.own.alone", "overview.grade.none", "quality.model",
    "definitions.model", "timeline.told", "definition.interval.name",
    "quality.better.model", "definition.percentile.name",
}  # fmt: skip


def extracted_keys() -> set[str]:
    """Every id that templates and modules ask for in so many words, as Babel extracts them."""
    found = set()
    for path in [*WEB.glob("*.py"), Path(reasons.__file__)]:
        found |= {one[1] for one in extract_from_file("python", path, keywords=CALLED)}
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"""edition\.texts\(\s*"([\w.-]+)\"""", text))
    for path in WEB.glob("templates/*.html"):
        with path.open("rb") as file:
            found |= {one[2] for one in babel_extract(file, ["t"], [], {"silent": "false"})}
    return {one for one in found if isinstance(one, str) and re.fullmatch(r"[a-z][\w.-]*\w", one)}


def used_keys() -> set[str]:
    """Every text key that templates and modules name, the computed ones written out."""
    keys = {f"nav.{name}" for name in ("overview", "customers", "definitions")}
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
    keys |= {
        f"overview.grade.{part}.{how}"
        for part in ("order", "level")
        for how in ("better", "no-better")
    }
    keys |= {f"because.{code}" for code in CODES} | {f"because.{code}.alone" for code in SHOWN}
    keys |= {"because.own", "because.own.alone", "because.own.unknown"}
    keys |= {"because.silence.own.times"}
    columns = ("customer", "probability", "expected", "stake", "reasons", "last-order")
    keys |= {f"list.column.{column}" for column in columns}
    keys |= {f"timeline.column.{one}" for one in ("day", "orders", "value", "refunds")}
    keys |= {f"bands.column.{one}" for one in ("band", "range", "customers", "share", "stake")}
    return keys | extracted_keys()


def messages(language: str | None) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The English forms and the translated ones by id; the template's without translations."""
    path = FOLDER / TEMPLATE if language is None else FOLDER / language / CATALOGUE
    return {
        one.context: (forms(one.id), forms(one.string))
        for one in catalogue_of(path)
        if one.context is not None
    }


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def names(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


def test_the_languages_are_those_that_are_promised():
    assert languages() == ["en", "cs", "hr", "vi"]


def test_every_text_that_is_asked_for_exists_and_none_is_left_over():
    assert set(messages(None)) == used_keys()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_the_texts_of_the_template_as_they_are_now(language):
    english = {key: source for key, (source, _) in messages(None).items()}
    assert {key: source for key, (source, _) in messages(language).items()} == english
    assert not [one for one in catalogue_of(FOLDER / language / CATALOGUE) if one.id and one.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_is_missing_or_left_in_english(language):
    for key, (english, translated) in messages(language).items():
        assert all(translated), key
        assert key in ALIKE or not set(english) & set(translated), key


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_holds_the_same_values(language):
    for key, (english, translated) in messages(language).items():
        expected = names(english[-1])
        for place, form in enumerate(translated):
            # "usually every day": a form for the count 1 alone may say it without the number.
            optional = ["count"] if place == 0 and len(translated) > 1 else []
            assert set(expected) - set(optional) <= set(names(form)) <= set(expected), key


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_plural_has_the_forms_of_its_language(language):
    ordinary = Catalog(locale=language)
    assert catalogue_of(FOLDER / language / CATALOGUE).plural_forms == ordinary.plural_forms
    whole = {texts_of(language).locale.plural_form(count) for count in range(300)}
    assert ordinary.num_plurals == len(whole)
    for key, (english, translated) in messages(language).items():
        assert len(translated) == (1 if len(english) == 1 else len(whole)), key


@pytest.mark.parametrize(
    ("language", "opening", "closing"),
    [("en", "“", "”"), ("cs", "„", "“"), ("hr", "„", "”"), ("vi", "“", "”")],
)
def test_quotation_marks_are_those_of_the_language(language, opening, closing):
    said = texts_of(language)("unknown.sentence", customer_id="C-1")
    assert f"{opening}C-1{closing}" in said
    everything = "".join(
        "".join(source if language == "en" else translated)
        for source, translated in messages(None if language == "en" else language).values()
    )
    assert everything.count(opening) == everything.count(closing)
    assert '"' not in everything


def test_a_text_with_plural_forms_needs_a_count():
    with pytest.raises(TypeError, match="rhythm.every has plural forms and needs a count"):
        texts_of("en")("rhythm.every")


@pytest.mark.parametrize("language", languages())
def test_an_unknown_text_is_an_error_in_every_language(language):
    with pytest.raises(KeyError, match="no.such.text"):
        texts_of(language)("no.such.text")
