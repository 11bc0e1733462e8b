"""Where a page goes on; what is none of ours is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from telemetry.query.cursor import after, cursor_of
from telemetry.storage.models import REQUEST

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def condition(cursor: str) -> sa.ColumnElement[bool]:
    return after(cursor, REQUEST.c.ts, REQUEST.c.span_id, of="decisions")


def test_a_cursor_asks_for_what_is_older_or_of_that_moment_with_a_smaller_key() -> None:
    compiled = condition(cursor_of(NOON, "ab12")).compile()
    assert set(compiled.params.values()) == {NOON, "ab12"}
    assert "(request.ts, request.span_id) <" in str(compiled)


@pytest.mark.parametrize(
    "cursor", ["", "~", "yesterday~ab12", "2026-03-02T12:00:00~ab12", f"{NOON.isoformat()}", f"{NOON.isoformat()}~a'b"]
)
def test_what_is_no_cursor_of_ours_is_one_sentence(cursor: str) -> None:
    with pytest.raises(ValueError, match="is no cursor of a page of decisions; start again without one"):
        condition(cursor)
