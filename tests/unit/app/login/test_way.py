"""Where somebody wanted to go is told to their browser alone, once, and not for ever."""

from __future__ import annotations

import pytest

from app.login.way import MOST, PATIENCE_S, Way, Ways, browser_of

WAY = Way("pages/cost.py", {"range": ["7d"]})


class Hands:
    """A clock that is turned by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_way_is_told_once_and_to_nobody_else() -> None:
    ways = Ways(Hands())
    ways.keep(b"mine", WAY)
    assert ways.take(b"other") is None
    assert ways.take(b"mine") == WAY and ways.take(b"mine") is None


def test_the_last_wish_counts_and_an_old_one_does_not() -> None:
    clock = Hands()
    ways = Ways(clock)
    ways.keep(b"mine", Way("pages/drift.py", {}))
    ways.keep(b"mine", WAY)
    clock.now = PATIENCE_S
    assert ways.take(b"mine") == WAY
    ways.keep(b"mine", WAY)
    clock.now += PATIENCE_S + 1
    assert ways.take(b"mine") is None


def test_of_too_many_the_oldest_are_forgotten() -> None:
    ways = Ways(Hands())
    for number in range(MOST + 1):
        ways.keep(str(number).encode(), WAY)
    assert ways.take(b"0") is None and ways.take(str(MOST).encode()) == WAY


def test_a_browser_is_the_same_however_its_cookie_is_masked() -> None:
    assert browser_of("2|00000000|0102030405|1") == browser_of("2|ff00ff00|fe02fc04fa|1") == b"\x01\x02\x03\x04\x05"


@pytest.mark.parametrize("cookie", [None, "", "2|zz|01|1", "1|00|01|1", "2||01|1", "2|00||1", "one|two"])
def test_another_cookie_names_no_browser(cookie: str | None) -> None:
    assert browser_of(cookie) is None
