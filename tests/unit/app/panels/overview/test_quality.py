"""The overview's number on quality, from the verdicts of weeks."""

from __future__ import annotations

from datetime import date

from app.panels.overview.quality import _note, course, whole
from telemetry.query.proportion import Proportion
from telemetry.query.scorecard import WeekVerdicts


def week(day: int, route: str, good: int, n: int) -> WeekVerdicts:
    return WeekVerdicts(date(2026, 11, day), route, "small", Proportion.of(good, n))


WEEKS = [week(9, "chat", 1, 4), week(2, "chat", 3, 4), week(9, "code", 3, 4)]


def test_weeks_and_routes_add_up_and_the_line_goes_from_the_oldest_week_on() -> None:
    assert (whole(WEEKS).part, whole(WEEKS).n) == (7, 12)
    assert course(WEEKS) == [0.75, 0.5]
    assert course([]) == [] and whole([]).share is None


def test_the_note_says_how_sure_it_is_and_who_judged_or_what_to_do() -> None:
    said = _note(whole(WEEKS), "helpful")
    assert said.startswith("95 % interval ") and said.endswith("n = 12, judged by helpful")
    assert _note(whole([]), "helpful") == "helpful judged none of the answers that chance picked"
    assert "judge some by hand" in _note(whole([]), None)
