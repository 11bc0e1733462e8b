"""Canaries go through a real gateway, once a week each, and count as nobody's requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.canary.prompts import CanaryPrompt, CanarySet, file_of
from app.canary.sending import send, sent_of_week
from app.dashboard.gateway_client import Gateway
from app.jobs.canaries import weekly_canaries
from app.jobs.errand import Errands, GatewayAway
from app.settings import Settings
from app.wiring import Service
from telemetry.drift.weeks import monday_of
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from tests.serving import gateway, write_policy
from tests.upstream import Upstream, answer, status

TWO = CanarySet((CanaryPrompt("a", "Name a river."), CanaryPrompt("b", "Name a lake.", "Be brief.")), repeats=2)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service, Upstream]]:
    with Upstream() as upstream, pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        with gateway(home, write_policy(home, upstream.base_url)) as (url, service):
            yield url, service, upstream


def test_each_model_is_sent_each_prompt_as_often_as_it_says_and_no_oftener(
    running: tuple[str, Service, Upstream],
) -> None:
    url, service, upstream = running
    engine, errands, asked = service.telemetry.engine, Errands(url, patience_s=60), Gateway(url)
    before = totals(engine, _everything()).requests
    upstream.plays(*(answer("The Elbe.") for _ in range(20)))
    first = send(engine, replace(TWO, models=("small",)), errands, asked)
    assert [(one.model, one.asked, one.refused, one.of, one.complete) for one in first] == [("small", 4, 0, 4, True)]
    again = send(engine, replace(TWO, models=("small", "nobody")), errands, asked)
    assert [(one.model, one.asked, one.before) for one in again] == [("small", 0, 4), ("nobody", 0, 0)]
    assert again[1].why == "the gateway has no such model"
    more = send(engine, replace(TWO, models=("small",), repeats=3), errands, asked)
    assert (more[0].before, more[0].asked) == (4, 2)
    assert totals(engine, _everything()).requests == before
    assert totals(engine, replace(_everything(), purposes=("canary",))).requests == 6
    week = monday_of(datetime.now(UTC))
    assert sent_of_week(engine, week, ["small", "large"]) == {"small": 6}
    assert sent_of_week(engine, week - timedelta(weeks=1), ["small"]) == {}


def test_a_model_that_fails_is_counted_and_the_others_are_asked_all_the_same(
    running: tuple[str, Service, Upstream],
) -> None:
    url, service, upstream = running
    upstream.plays(*(status(400) for _ in range(4)), *(answer("The Elbe.") for _ in range(20)))
    both = replace(TWO, models=("large", "small"))
    done = send(service.telemetry.engine, both, Errands(url, patience_s=60), Gateway(url))
    assert [(one.model, one.asked, one.refused, one.why) for one in done][:1] == [("large", 4, 4, None)]
    assert [one.model for one in done] == ["large", "small"]


def test_the_job_does_nothing_without_a_file_and_waits_for_a_gateway_that_is_away(
    running: tuple[str, Service, Upstream],
) -> None:
    _, service, _ = running
    away = replace(service.settings, gateway_url="http://127.0.0.1:9")
    weekly_canaries(service.telemetry.engine, away)
    path = file_of(away)
    path.write_text('[[prompts]]\nname = "a"\ntext = "Name a river."\n')
    try:
        weekly_canaries(service.telemetry.engine, away)
        with pytest.raises(GatewayAway):
            send(service.telemetry.engine, TWO, Errands(away.gateway_url), Gateway(away.gateway_url))
    finally:
        path.unlink()
    assert isinstance(away, Settings)


def _everything() -> Filters:
    now = datetime.now(UTC)
    return Filters(start=now - timedelta(days=1), end=now + timedelta(days=1))
