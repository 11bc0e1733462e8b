"""Which data went where, as a matrix."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from app.panels.compliance.exposure import Column, _table, matrix, whole
from telemetry.query.compliance import DataClassTotals, Exposure

HOSTILE = "<script>alert(1)</script>"


def seen(data: str, model: str, location: str | None, branches: int, kind: str = "model") -> Exposure:
    return Exposure(data, model, kind, location, branches, branches, 0, 0, 0)


def totals(data: str, requests: int) -> DataClassTotals:
    return DataClassTotals(data, None, requests, requests, 0, 0, 0)


def test_branches_are_counted_by_class_model_and_place() -> None:
    found = matrix(
        [seen("public", "a", "cloud", 3), seen("public", "a", "cloud", 2, "probe"), seen("internal", "b", "local", 7)]
    )
    assert found.cells == {("public", Column("a", "cloud")): 5, ("internal", Column("b", "local")): 7}
    assert [column.place for column in found.columns] == ["local", "cloud"]


def test_protected_classes_are_rows_also_when_there_were_none() -> None:
    assert matrix([]).classes == ("sensitive", "regulated")
    assert matrix([seen("public", "a", "cloud", 1)], [totals("internal", 2), totals("secret", 1)]).classes == (
        "public",
        "internal",
        "sensitive",
        "regulated",
        "secret",
    )


def test_what_left_and_what_nobody_knows_is_told_apart() -> None:
    found = matrix(
        [
            seen("sensitive", "a", "cloud", 1),
            seen("regulated", "a", "cloud", 2),
            seen("regulated", "b", "local", 4),
            seen("sensitive", "c", None, 8),
            seen("public", "a", "cloud", 16),
        ]
    )
    assert [found.protected(place) for place in ("local", "cloud", "unknown")] == [4, 3, 8]


def test_a_model_that_moved_is_two_columns() -> None:
    found = matrix([seen("public", "a", "cloud", 1), seen("public", "a", "local", 1)])
    assert found.columns == (Column("a", "local"), Column("a", "cloud"))


def test_protected_data_in_a_cloud_alarms_and_its_absence_is_seen() -> None:
    quiet = _table(matrix([seen("internal", "a", "cloud", 1)]), {})
    assert quiet.count('<span class="rs-ok">0</span>') == 2
    assert "rs-alarm" not in quiet
    loud = _table(matrix([seen("sensitive", "a", "cloud", 12)]), {})
    assert '<span class="rs-bad rs-alarm">▲ 12</span>' in loud


def test_a_number_leads_to_its_decisions_by_model_only_where_the_model_gave_all_of_the_answers() -> None:
    given = seen("regulated", "a", "cloud", 4)
    found = _table(matrix([given, replace(seen("regulated", "b", "local", 6), answers=5)]), {})
    (to_a, to_b) = re.findall(r'href="([^"]+)"', found)[::-1]
    assert "data_class=regulated" in to_a and "model=a" in to_a
    assert "data_class=regulated" in to_b and "model=" not in to_b


def test_names_are_shown_as_text() -> None:
    assert "<script" not in _table(matrix([seen(HOSTILE, HOSTILE, "cloud", 1)], [totals(HOSTILE, 1)]), {})


def test_the_steps_of_a_class_add_up_to_it_the_most_frequent_class_first() -> None:
    def step(data: str, hour: int, requests: int, denied: int) -> DataClassTotals:
        return DataClassTotals(data, datetime(2026, 11, 2, hour, tzinfo=UTC), requests, requests - denied, denied, 0, 0)

    stepped = [step("public", 0, 2, 0), step("sensitive", 0, 1, 1), step("sensitive", 1, 4, 2)]
    assert whole(stepped) == [
        DataClassTotals("sensitive", None, 5, 2, 3, 0, 0),
        DataClassTotals("public", None, 2, 2, 0, 0, 0),
    ]
