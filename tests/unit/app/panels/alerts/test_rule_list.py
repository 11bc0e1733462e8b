"""The little pictures of a rule's course."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta

from app.panels.alerts.rule_list import HEIGHT, PAD, WIDTH, course

START = datetime(2026, 11, 23, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def drawn(values: list[float], threshold: float, *, missing: int = 0) -> tuple[str, float]:
    """The path of the values, the second half of them so many quarters later; and how far down the threshold lies."""
    half = len(values) // 2
    points = [(START + (n + missing * (n >= half)) * QUARTER, value) for n, value in enumerate(values)]
    svg = b64decode(course(points, threshold, "#111111", "#222222").partition(",")[2]).decode()
    limit, lines, dots = re.findall(r'd="([^"]*)"', svg)
    return lines + dots, float(re.findall(r"M0 ([\d.]+)H", limit)[0])


def drawn_at(*hours: float) -> tuple[int, int]:
    """How many lines and how many dots readings at these hours are."""
    points = [(START + timedelta(hours=hour), 1.0) for hour in hours]
    svg = b64decode(course(points, 2.0, "#111111", "#222222").partition(",")[2]).decode()
    _, lines, dots = re.findall(r'd="([^"]*)"', svg)
    return lines.count("M"), dots.count("M")


def heights(line: str) -> list[float]:
    return [float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", line)]


def test_readings_once_an_hour_are_a_line_and_one_that_stands_alone_is_a_dot():
    assert drawn_at(0, 1, 2, 3) == (1, 0)
    assert drawn_at(0, 1, 2, 3, 9) == (1, 1)
    assert drawn_at(0, 0.25, 0.5, 5, 5.25) == (2, 0)
    assert drawn_at(0, 21) == (0, 2)


def test_a_value_above_the_threshold_stands_above_its_line():
    line, threshold = drawn([0.1, 0.3, 0.9], 0.5)
    assert [y > threshold for y in heights(line)] == [True, True, False]
    assert heights(line)[0] == HEIGHT - PAD and heights(line)[-1] == PAD


def test_the_line_is_broken_where_nobody_looked():
    assert drawn([1.0, 2.0, 3.0, 4.0], 2.5)[0].count("M") == 1
    assert drawn([1.0, 2.0, 3.0, 4.0], 2.5, missing=8)[0].count("M") == 2


def test_a_value_that_never_moves_is_drawn_within_the_picture():
    line, threshold = drawn([2.0, 2.0], 2.0)
    assert {*heights(line), threshold} == {HEIGHT - PAD}
    assert all(0 <= float(x) <= WIDTH for x in re.findall(r"[ML]([\d.]+) ", line))
