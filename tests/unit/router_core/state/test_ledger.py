"""What one request may spend."""

from __future__ import annotations

from decimal import Decimal

import pytest

from router_core.state.ledger import RequestLedger, Reservation
from router_core.state.purse import Refusal
from tests.state import at_once


def reason(ledger: RequestLedger, nano: int | None, tokens: int) -> str | None:
    refusal = ledger.refusal(nano, tokens)
    return None if refusal is None else refusal.reason


def reserve(ledger: RequestLedger, nano: int | None, tokens: int) -> Reservation:
    made = at_once(ledger.reserve(nano, tokens))
    assert isinstance(made, Reservation)
    return made


def test_without_caps_everything_may_start_until_the_branches_are_used_up() -> None:
    ledger = RequestLedger.of(None, None, 2, None)
    reserve(ledger, None, 10**9)
    reserve(ledger, 10**18, 1)
    assert ledger.full
    assert reason(ledger, 0, 0) == "the request may make 2 branches and has made them"


def test_the_lower_of_the_two_caps_holds() -> None:
    assert RequestLedger.of(Decimal("0.05"), None, 6, 0.01).cap_nano == 10_000_000
    assert RequestLedger.of(Decimal("0.05"), None, 6, 1.0).cap_nano == 50_000_000
    assert RequestLedger.of(None, None, 6, 0.01).cap_nano == 10_000_000
    assert RequestLedger.of(None, None, 6, None).cap_nano is None


def test_a_cap_of_nothing_allows_only_what_is_free() -> None:
    ledger = RequestLedger.of(Decimal(0), None, 6, None)
    assert ledger.refusal(0, 5) is None
    assert reason(ledger, 1, 5) == "it could cost $0.000000; $0.000000 of the cap is left"


def test_open_reserves_count_against_the_cap() -> None:
    ledger = RequestLedger.of(Decimal("0.000001"), None, 6, None)
    reserve(ledger, 600, 1)
    assert ledger.refusal(401, 1) is not None
    assert ledger.refusal(400, 1) is None


def test_settling_frees_what_was_not_used() -> None:
    ledger = RequestLedger.of(Decimal("0.000001"), 100, 6, None)
    ledger.settle(reserve(ledger, 900, 90), 100, 10)
    assert ledger.spent_nano == 100
    assert ledger.refusal(900, 90) is None
    assert ledger.refusal(901, 90) is not None
    assert reason(ledger, 900, 91) == "it could take 91 tokens; the request's cap is 100"


def test_an_unknown_cost_keeps_its_reserve() -> None:
    ledger = RequestLedger.of(Decimal("0.000001"), 100, 6, None)
    ledger.settle(reserve(ledger, 900, 90), None, None)
    assert ledger.spent_nano == 900
    assert ledger.refusal(101, 1) is not None
    assert ledger.refusal(1, 11) is not None


def test_a_reservation_is_settled_once() -> None:
    ledger = RequestLedger.of(None, None, 6, None)
    reservation = reserve(ledger, 1, 1)
    ledger.settle(reservation, 1, 1)
    with pytest.raises(ValueError, match="settled already"):
        ledger.settle(reservation, 1, 1)


def test_a_reserve_that_would_be_refused_is_none() -> None:
    ledger = RequestLedger.of(Decimal(0), None, 6, None)
    refusal = at_once(ledger.reserve(None, 1))
    assert isinstance(refusal, Refusal)
    assert (refusal.by, refusal.reason) == ("cap", "its price is unknown, and the request has a cost cap")
