"""Tooltips as they are sent: put together again they are those that were written, letter by letter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from app.dashboard.charts import brief
from app.dashboard.charts.over_time import moment_told

FIRST = datetime(2026, 2, 27, tzinfo=UTC)


def bars(name: str = "small", *, step: Any = "day", n: int = 30) -> dict[str, Any]:
    starts = [FIRST + number * (timedelta(days=1) if step == "day" else timedelta(hours=1)) for number in range(n)]
    return {
        "type": "bar",
        "x": [start + timedelta(hours=12 if step == "day" else 0, minutes=30) for start in starts],
        "hovertext": [f"<b>{name}</b><br>{moment_told(at, step)}<br>${at.day}.50" for at in starts],
        "hoverinfo": "text",
    }


def shown(sent: dict[str, Any]) -> list[str]:
    """What a browser makes of it."""

    def moment(found: re.Match[str], at: datetime) -> str:
        return at.strftime(found[1])

    if "hovertemplate" not in sent:
        return list(sent["hovertext"])
    return [
        re.sub(r"%\{x\|([^}]*)\}", lambda found, at=at: moment(found, at), sent["hovertemplate"])  # type: ignore[misc]
        .replace("%{hovertext}", text)
        .removesuffix("<extra></extra>")
        for at, text in zip(sent["x"], sent["hovertext"], strict=True)
    ]


def test_name_and_moment_are_said_once() -> None:
    for step in ("day", "hour"):
        whole = bars(step=step)
        sent = brief.trace(whole)
        assert shown(sent) == whole["hovertext"]
        assert sent["hovertext"][0] == "$27.50"


def test_a_moment_other_than_the_points_own_is_said_at_each_point() -> None:
    whole = bars()
    whole["x"] = [at + timedelta(days=30) for at in whole["x"]]
    sent = brief.trace(whole)
    assert shown(sent) == whole["hovertext"] and "27 Feb 2026" in sent["hovertext"][0]


def test_a_name_that_looks_like_a_place_to_be_filled_is_left_where_it_is() -> None:
    whole = bars("%{x}")
    assert brief.trace(whole) == whole


def test_few_tooltips_and_those_with_nothing_in_common_are_sent_as_they_are() -> None:
    few, mixed = bars(n=3), bars()
    mixed["hovertext"] = [f"{number} apart" for number in range(30)]
    assert brief.trace(few) == few and brief.trace(mixed) == mixed


def test_an_empty_square_has_no_tooltip_and_the_others_have_theirs() -> None:
    starts = [FIRST + timedelta(days=number) for number in range(30)]
    rows = [[f"<b>{band}</b><br>{moment_told(at, 'day')}<br>{at.day} of 40" for at in starts] for band in "ab"]
    rows[0][3] = ""
    whole = {
        "type": "heatmap",
        "x": [at + timedelta(hours=12) for at in starts],
        "hovertext": rows,
        "hoverinfo": "text",
    }
    sent = brief.trace(whole)
    assert sent["hovertemplate"] == "%{text}<br>%{x|%a %-d %b %Y} (UTC day)<br>%{hovertext}<extra></extra>"
    assert sent["text"][1][3] == "<b>b</b>" and sent["hovertext"][1][3] == "2 of 40"
    assert sent["text"][0][3] == sent["hovertext"][0][3] == "" and sent["hoverongaps"] is False
