"""Leaks planted for real: each is caught, by the check that is meant for it, and told in words."""

import time

import leaks
import pytest
from leaks import OWN_LEAKS, case_of, small_system

from features.user_groups import own_groups
from training.verification.checks import CLAIMS
from training.verification.verify import Verification, verify

SYSTEMS = {
    "labels that overlap features": (
        small_system(panel_of=leaks.features_of_the_label_days),
        ("past cutoffs",),
    ),
    "labels that end after the day": (
        small_system(panel_of=leaks.labels_from_tomorrow),
        ("embargo", "future deleted", "future altered"),
    ),
    "a column encoded by all outcomes": (
        small_system(leaks.encoded_by_what_followed),
        ("future altered", "past cutoffs"),
    ),
    "a column encoded by its own labels": (
        small_system(panel_of=leaks.encoded_by_own_label),
        ("past cutoffs",),
    ),
    "a scale learned on all rows": (
        small_system(leaks.scaled_by_everything),
        ("future deleted", "past cutoffs"),
    ),
    "late rows at their day": (small_system(leaks.late_rows_at_their_day), ("late rows", "canary")),
    "corrections before they came": (small_system(leaks.newest_versions_only), ("corrections",)),
    "the number of the row": (small_system(leaks.numbered), ("names exchanged", "alone")),
    "one customer learned and watched": (small_system(held_out=leaks.drawn_by_row), ("held out",)),
    "every row twice": (small_system(panel_of=leaks.everybody_twice), ("embargo",)),
}
OWN_CHECKS = {
    "the cutoff's own day": ("future added", "until_today_count"),
    "a total of the whole life": ("future deleted", "whole_life_value"),
    "an end that is not known yet": ("future added", "paid_until_days"),
    "the place among all": ("names exchanged", "place_score"),
    "a date that is not declared": ("calendar", "date_score"),
}


def verified(case, *names: str) -> Verification:
    """The checks of these names, or all."""
    claims = [one for one in CLAIMS if not names or one.name in names]
    return verify(case, timer=time.perf_counter, claims=claims)


@pytest.mark.parametrize("leak", SYSTEMS)
def test_a_system_that_leaks_is_caught(leak):
    system, checks = SYSTEMS[leak]
    found = verified(case_of(system), *checks)
    assert sorted(one.name for one in found.failed) == sorted(checks)


@pytest.mark.parametrize("leak", OWN_LEAKS)
def test_a_feature_of_ones_own_that_leaks_is_caught_by_name(leak, tmp_path):
    file = tmp_path / "leaking.py"
    file.write_text(OWN_LEAKS[leak], encoding="utf-8")
    check, column = OWN_CHECKS[leak]
    (found,) = verified(case_of(small_system(), groups=own_groups([file])), check).checks
    assert found.result == "fails"
    assert column in found.difference


def test_a_system_that_keeps_the_rules_passes_every_check():
    found = verified(case_of(small_system()))
    assert {one.name: one.difference for one in found.checks if one.result == "fails"} == {}
    assert [one.name for one in found.checks if one.result == "not tried"] == ["stored"]
    assert min(one.compared_count for one in found.checks if one.name != "stored") > 20


def test_a_canary_that_is_seen_too_early_is_told_by_its_column():
    (found,) = verified(case_of(small_system(leaks.late_rows_at_their_day)), "canary").checks
    assert found.result == "fails"
    assert "canary_count is 1.0, was 0.0" in found.difference


def test_what_differs_is_told_without_a_customers_id(tmp_path):
    file = tmp_path / "leaking.py"
    file.write_text(OWN_LEAKS["a total of the whole life"], encoding="utf-8")
    case = case_of(small_system(), groups=own_groups([file]))
    (found,) = verified(case, "future deleted").checks
    first = "features: customer 3 of 60 at 2024-10-01: whole_life_value is "
    assert found.difference.startswith(first)
    assert not any(one in found.difference for one in case.people.places)
