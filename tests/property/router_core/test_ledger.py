"""Whatever is reserved and settled, a cap is never overspent by more than calls that cost more than they promised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.state.ledger import RequestLedger, Reservation
from router_core.state.purse import Refusal
from tests.state import at_once

calls = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 500), st.floats(0, 1), st.booleans()), min_size=1, max_size=30
)


@given(st.integers(0, 2_000), st.integers(1, 2_000), calls)
def test_what_keeps_its_promise_never_overspends(
    cap: int, token_cap: int, wanted: list[tuple[int, int, float, bool]]
) -> None:
    ledger = RequestLedger(cap, token_cap, 1_000)
    spent_tokens = 0
    waiting: list[tuple[Reservation, float]] = []
    for nano, tokens, share, settles in wanted:
        refused, made = ledger.refusal(nano, tokens), at_once(ledger.reserve(nano, tokens))
        if isinstance(made, Refusal):
            assert made == refused
            continue
        assert refused is None
        waiting.append((made, share))
        if settles:
            for held, part in waiting:
                ledger.settle(held, int((held.nano or 0) * part), int(held.tokens * part))
                spent_tokens += int(held.tokens * part)
            waiting.clear()
        assert ledger.spent_nano + sum(held.nano or 0 for held, _ in waiting) <= cap
        assert spent_tokens + sum(held.tokens for held, _ in waiting) <= token_cap


@given(st.integers(1, 1_000), st.integers(0, 100_000))
def test_one_call_that_breaks_its_promise_overspends_by_its_own_excess_and_is_the_last(cap: int, actual: int) -> None:
    ledger = RequestLedger(cap, None, 1_000)
    made = at_once(ledger.reserve(cap, 1))
    assert isinstance(made, Reservation)
    ledger.settle(made, actual, 1)
    assert ledger.spent_nano == actual
    if actual >= cap:
        assert ledger.refusal(1, 1) is not None


@given(st.none() | st.integers(0, 1_000), st.none() | st.integers(0, 1_000))
def test_a_reservation_is_settled_exactly_once(nano: int | None, tokens: int | None) -> None:
    ledger = RequestLedger(10_000, 10_000, 5)
    reservation = at_once(ledger.reserve(10, 10))
    assert isinstance(reservation, Reservation)
    ledger.settle(reservation, nano, tokens)
    before = ledger.spent_nano
    with pytest.raises(ValueError, match="settled already"):
        ledger.settle(reservation, nano, tokens)
    assert ledger.spent_nano == before
