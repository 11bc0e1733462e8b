"""Turning the pages of a list, and what ends the trail that led there."""

from __future__ import annotations

import pytest
import streamlit as st

from app.dashboard.trail import Trail, trail


class Address(dict):  # type: ignore[type-arg]
    """Query parameters of one value each."""


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> Address:
    address = Address()
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "query_params", address)
    return address


def turn(from_here: Trail, cursor: str | None) -> Trail:
    """As the button does, and what the next run then sees."""
    from_here._go((*from_here.cursors, cursor))
    return trail("list", "all")


def test_a_list_begins_at_its_first_page(address: Address) -> None:
    begun = trail("list", "all")
    assert (begun.cursor, begun.number, begun.at_first) == (None, 1, True)
    assert address == {}


def test_turning_pages_goes_into_the_address_and_back_the_way_one_came(address: Address) -> None:
    third = turn(turn(trail("list", "all"), "c2"), "c3")
    assert (third.cursors, third.number, address) == ((None, "c2", "c3"), 3, {"cursor": "c3"})
    third._go(third.cursors[:-1])
    assert trail("list", "all").cursor == "c2"
    assert address == {"cursor": "c2"}


def test_a_link_opens_the_page_that_it_names(address: Address) -> None:
    address["cursor"] = "c7"
    assert (trail("list", "all").cursors, trail("list", "all").at_first) == (("c7",), False)


def test_another_question_begins_at_the_first_page_and_the_address_forgets_the_old_place(address: Address) -> None:
    turn(trail("list", "all"), "c2")
    assert trail("list", "failed ones").at_first
    assert address == {}


def test_the_browsers_back_goes_back_on_the_trail(address: Address) -> None:
    turn(turn(trail("list", "all"), "c2"), "c3")
    address["cursor"] = "c2"
    assert trail("list", "all").cursors == (None, "c2")
    address.clear()
    assert trail("list", "all").at_first


def test_lists_do_not_know_of_each_other(address: Address) -> None:
    turn(trail("list", "all"), "c2")
    assert trail("other", "all", parameter="after").at_first
    assert address == {"cursor": "c2"}
