"""The sentence never divides by nothing, never claims without n, and never claims what the swapped weeks would not."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.panels.overview.this_week import FEWEST, Week, sentence
from telemetry.query.overview import Totals
from telemetry.query.volume import Volume

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NOBODY = Totals(**dict.fromkeys(Totals.__dataclass_fields__, 0))


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """Any week that the rollups can hold, odd ones too: unknown costs, no cost at all, a model that only then was."""
    hours = []
    for number in range(draw(st.integers(0, 12))):
        n = draw(st.integers(1, 10**6))
        unknown = draw(st.sampled_from((0, n, n // 2)))
        cost = None if unknown == n else draw(st.integers(0, 10**12))
        hours.append(Volume(MONDAY + timedelta(hours=number), n, cost, unknown))
    requests = sum(one.requests for one in hours)
    part = st.integers(0, requests)
    totals = replace(
        NOBODY,
        requests=requests,
        cost_unknown=sum(one.cost_unknown for one in hours),
        **{name: draw(part) for name in ("escalated", "fell_back", "failed")},
    )
    return Week(totals, hours, draw(st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**12))))


def said(told: str) -> set[tuple[str, str]]:
    """What is claimed to have risen or fallen."""
    return {(name.lower(), verb) for name, verb in re.findall(r"(\w+) (rose|fell)", told)}


@given(weeks(), weeks())
def test_every_sentence_ends_and_says_its_n_and_claims_nothing_of_too_few(now: Week, before: Week) -> None:
    told = sentence(now, before)
    assert told.endswith(".") and "nan" not in told and "inf" not in told.replace("info", "")
    assert f"{now.totals.requests:,}" in told and f"{before.totals.requests:,}" in told
    if min(now.totals.requests, before.totals.requests) < FEWEST:
        assert not said(told)


@given(weeks())
def test_a_week_never_differs_from_itself(week: Week) -> None:
    assert not said(sentence(week, week))


@given(weeks(), weeks())
def test_what_rose_has_fallen_when_the_weeks_are_swapped(now: Week, before: Week) -> None:
    turned = {"rose": "fell", "fell": "rose"}
    assert said(sentence(before, now)) == {(name, turned[verb]) for name, verb in said(sentence(now, before))}


def made_up(rng: random.Random) -> Week:
    """Forty hours of requests that all follow the same chances."""
    hours, escalated, failed, fell_back = [], 0, 0, 0
    for number in range(40):
        costs = [int(rng.lognormvariate(13, 1.0)) for _ in range(rng.randrange(1, 20))]
        escalated += sum(rng.random() < 0.05 for _ in costs)
        failed += sum(rng.random() < 0.01 for _ in costs)
        fell_back += sum(rng.random() < 0.02 for _ in costs)
        hours.append(Volume(MONDAY + timedelta(hours=number), len(costs), sum(costs), 0))
    requests = sum(one.requests for one in hours)
    return Week(replace(NOBODY, requests=requests, escalated=escalated, failed=failed, fell_back=fell_back), hours)


def test_weeks_of_the_same_chances_seldom_differ() -> None:
    rng = random.Random(3)
    claimed = sum(bool(said(sentence(made_up(rng), made_up(rng)))) for _ in range(200))
    assert claimed <= 20, "one in twenty by design; spend has few hours to tell its spread from"
