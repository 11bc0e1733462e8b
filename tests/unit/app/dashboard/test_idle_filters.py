"""Filters in the address that a page does not count by are named, as the address names them."""

from __future__ import annotations

from app.dashboard import address
from app.dashboard.idle_filters import NAMES, named


def test_what_is_on_is_named_and_what_is_off_is_not() -> None:
    given = {"range": ["7d"], "model": ["harbor-8b"], "intent": ["chat", "code"], "playground": ["false"]}
    assert named(given) == ["period 7d", "model harbor-8b", "intent chat, code"]


def test_a_default_that_the_address_repeats_is_no_filter() -> None:
    assert named({"range": [str(address.parse("range", [], playground=False))], "simulated": ["all"]}) == []


def test_what_the_address_cannot_mean_is_not_repeated() -> None:
    assert named({"range": ["nonsense"], "simulated": ["<b>"], "risk": [""]}) == []


def test_many_values_are_counted_and_odd_ones_spelled_out() -> None:
    assert named({"tenant": ["a", "b\u202e", "c", "d", "e"]}) == ["tenant a, b[U+202E], c and 2 more"]


def test_every_filter_that_goes_from_page_to_page_can_be_named() -> None:
    assert set(address.CARRIED) - set(NAMES) == {"compare", "refresh"}
