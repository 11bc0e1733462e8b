"""A status and a sentence become one error of our tree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from router_core.errors import (
    AuthenticationFailed,
    ContentFiltered,
    ContextTooLong,
    ProviderError,
    RateLimited,
    UpstreamFailure,
    UpstreamRejected,
)
from router_core.providers.upstream_errors import UpstreamError, error_from, parse_retry_after


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b'{"error": {"message": "m", "code": "c"}}', "m", "c"),
        (b'{"error": {"message": "m", "type": "t", "code": 400}}', "m", "t"),
        (b'{"error": "m"}', "m", ""),
        (b'{"message": "m"}', "m", ""),
        (b'[{"error": {"message": "m", "status": "INVALID"}}]', "m", "INVALID"),
        (b"plain words", "plain words", ""),
        (b"<html>500</html>", "", ""),
        (b"\xff\xfe", "\ufffd\ufffd", ""),
        (b"", "", ""),
        (b"null", "", ""),
        (b'{"error": {"message": 3}}', "", ""),
    ],
)
def test_the_usual_shapes_of_a_body_are_understood(body: bytes, message: str, code: str) -> None:
    said = UpstreamError.from_body(body)
    assert (said.message, said.code) == (message, code)


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (400, "Input is too long: prompt is too long: 210000 tokens > 200000 maximum", ContextTooLong),
        (400, "max_tokens is too large", UpstreamRejected),
        (400, "blocked by our content policy", ContentFiltered),
        (401, "no", AuthenticationFailed),
        (403, "no", AuthenticationFailed),
        (422, "field required", UpstreamRejected),
        (429, "slow", RateLimited),
        (500, "oops", UpstreamFailure),
        (529, "overloaded", UpstreamFailure),
    ],
)
def test_each_status_has_its_error(status: int, message: str, expected: type[ProviderError]) -> None:
    assert type(error_from("m", status, UpstreamError(message))) is expected


def test_a_fault_of_the_caller_does_not_count_against_the_model() -> None:
    assert not error_from("m", 400, UpstreamError("bad")).counts_against_model
    assert error_from("m", 500, UpstreamError("bad")).counts_against_model


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17.0), ("0.5", 0.5), ("-3", 0.0), (None, None), ("soon", None), ("nan", None), ("inf", None), ("", None)],
)
def test_retry_after_is_seconds_or_unknown(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


def test_retry_after_may_be_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=60)
    seconds = parse_retry_after(format_datetime(moment, usegmt=True))
    assert seconds is not None
    assert 55 < seconds <= 60


def test_a_hostile_message_becomes_one_short_printable_line() -> None:
    error = error_from("m", 500, UpstreamError("a\x1b[2J\r\n" + "b" * 5000))
    assert str(error).isprintable()
    assert len(str(error)) < 400
